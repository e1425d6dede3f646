//! The events that an observer sees.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jam_lock::{Event, Holder, LockError, LockName, Locks, Observer, TracingObserver};
use tempfile::TempDir;

use crate::{LONG, folder, lock_names};
use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::observe::wait_until;

/// Notes the events that it sees.
#[derive(Clone, Default)]
struct Notes {
    lines: Arc<Mutex<Vec<String>>>,
    patience: Option<Duration>,
}

impl Notes {
    fn note(&self, event: &Event<'_>, what: &str) {
        assert!(event.site.file().unwrap().ends_with("observer.rs"));
        self.lines.lock().unwrap().push(format!("{} {what}", event.name));
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }

    fn locks(&self, folder: &TempDir) -> Locks {
        Locks::builder().folder(folder.path()).observer(Arc::new(self.clone())).open().unwrap()
    }
}

impl Observer for Notes {
    fn waiting(&self, event: &Event<'_>) {
        self.note(event, "waiting");
    }

    fn still_waiting_after(&self) -> Option<Duration> {
        self.patience
    }

    fn still_waiting(&self, event: &Event<'_>, holder: Option<&Holder>) {
        assert!(event.waited >= self.patience.unwrap());
        self.note(event, if holder.is_some() { "still waiting for one" } else { "still waiting" });
    }

    fn acquired(&self, event: &Event<'_>, token: u64) {
        assert!(token > 0);
        self.note(event, if event.waited.is_zero() { "acquired" } else { "acquired at last" });
    }

    fn abandoned(&self, event: &Event<'_>, holder: &Holder) {
        self.note(event, &format!("abandoned by {}", holder.program().unwrap()));
    }

    fn unreleased(&self, event: &Event<'_>, holder: &Holder) {
        self.note(event, &format!("not released by {}", holder.program().unwrap()));
    }

    fn record_error(&self, event: &Event<'_>, error: &LockError) {
        assert!(error.to_string().ends_with("move it away"));
        self.note(event, "record error");
    }

    fn timed_out(&self, event: &Event<'_>, _: Option<&Holder>) {
        self.note(event, if event.waited.is_zero() { "refused" } else { "timed out" });
    }

    fn gave_up(&self, event: &Event<'_>) {
        self.note(event, "gave up");
    }

    fn released(&self, event: &Event<'_>, held: Duration) {
        assert!(!held.is_zero());
        self.note(event, "released");
    }
}

#[test]
fn it_sees_a_record_that_cannot_be_read() {
    let (folder, notes) = (folder(), Notes::default());
    std::fs::write(folder.path().join("x.holder"), "my notes").unwrap();
    let lock = notes.locks(&folder).lock(LockName::new("x").unwrap());
    drop(lock.acquire().unwrap());
    assert_eq!(notes.taken(), ["x record error", "x acquired", "x released"]);
}

#[test]
fn it_sees_an_acquisition_and_its_release() {
    let (folder, notes) = (folder(), Notes::default());
    let locks = notes.locks(&folder);
    let guard = locks.lock(LockName::new("x").unwrap()).acquire().unwrap();
    assert_eq!(notes.taken(), ["x acquired"]);
    drop(guard);
    assert_eq!(notes.taken(), ["x released"]);
}

#[test]
fn it_sees_a_wait_and_its_end() {
    let (folder, notes) = (folder(), Notes::default());
    let child = Child::holding(folder.path(), "x");
    let lock = notes.locks(&folder).lock(LockName::new("x").unwrap());
    assert!(lock.try_acquire().is_err());
    assert_eq!(notes.taken(), ["x refused"]);
    assert!(lock.timeout(Duration::from_millis(5)).acquire().is_err());
    assert_eq!(notes.taken(), ["x waiting", "x timed out"]);

    let mut given_up = Box::pin(lock.acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut given_up)).is_none());
    drop(given_up);
    assert_eq!(notes.taken(), ["x waiting", "x gave up"]);

    let waiter = std::thread::spawn(move || drop(lock.acquire().unwrap()));
    wait_until("it waits", || !notes.lines.lock().unwrap().is_empty());
    child.release();
    waiter.join().unwrap();
    assert_eq!(notes.taken(), ["x waiting", "x acquired at last", "x released"]);
}

#[test]
fn it_sees_a_long_wait_once() {
    let patience = Some(Duration::from_millis(5));
    let (folder, notes) = (folder(), Notes { patience, ..Notes::default() });
    let _child = Child::holding(folder.path(), "x");
    let lock = notes.locks(&folder).lock(LockName::new("x").unwrap());
    let check = |notes: Vec<String>| {
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert_eq!([&*notes[0], &*notes[2]], ["x waiting", "x timed out"]);
        // A holder that is not found in time is not named.
        assert!(notes[1].starts_with("x still waiting"), "{notes:?}");
    };
    let lock = lock.timeout(Duration::from_secs(1));
    assert!(lock.acquire().is_err());
    check(notes.taken());
    assert!(smol::block_on(lock.acquire_async()).is_err());
    check(notes.taken());
}

#[test]
fn it_sees_that_the_last_holder_died() {
    let (folder, notes) = (folder(), Notes::default());
    Child::holding(folder.path(), "x").kill();
    let guard = notes.locks(&folder).lock(LockName::new("x").unwrap()).acquire().unwrap();
    let program = if cfg!(windows) { "child.exe" } else { "child" };
    assert_eq!(notes.taken(), [format!("x abandoned by {program}"), "x acquired".to_owned()]);
    drop(guard);
}

#[cfg(target_os = "linux")]
#[test]
fn it_sees_that_the_last_holder_has_not_released_the_lock() {
    let (folder, notes) = (folder(), Notes::default());
    let _holder = Child::holding(folder.path(), "x");
    std::fs::remove_file(folder.path().join("x.lock")).unwrap();
    let guard = notes.locks(&folder).lock(LockName::new("x").unwrap()).acquire().unwrap();
    assert_eq!(notes.taken(), ["x not released by child", "x acquired"]);
    drop(guard);
}

#[test]
fn its_methods_are_optional() {
    struct Indifferent;
    impl Observer for Indifferent {}

    let folder = folder();
    let locks = Locks::builder().folder(folder.path()).observer(Indifferent).open().unwrap();
    let lock = locks.lock(LockName::new("x").unwrap()).timeout(Duration::from_millis(1));
    Child::holding(folder.path(), "x").kill();
    assert!(lock.acquire().unwrap().abandoned().is_some());
    let _child = Child::holding(folder.path(), "x");
    assert!(lock.acquire().unwrap_err().is_timeout());
    drop(smol::block_on(smol::future::poll_once(lock.timeout(LONG).acquire_async())));
}

#[test]
fn it_can_use_the_locks_that_it_observes() {
    /// Acquires another lock of the same folder with each event.
    struct Acquirer(Arc<Mutex<Option<Locks>>>);

    impl Observer for Acquirer {
        fn acquired(&self, event: &Event<'_>, _: u64) {
            if event.name.as_str() == "x" {
                let locks = self.0.lock().unwrap().clone().unwrap();
                drop(locks.lock(LockName::new("y").unwrap()).acquire().unwrap());
            }
        }
    }

    let (folder, own) = (folder(), Arc::default());
    let acquirer = Acquirer(Arc::clone(&own));
    let locks = Locks::builder().folder(folder.path()).observer(acquirer).open().unwrap();
    *own.lock().unwrap() = Some(locks.clone());
    drop(locks.lock(LockName::new("x").unwrap()).timeout(LONG).acquire().unwrap());
    *own.lock().unwrap() = None;
}

#[test]
fn a_panic_in_it_leaves_no_lock_held() {
    /// Panics with each event.
    struct Fragile;

    impl Observer for Fragile {
        fn acquired(&self, _: &Event<'_>, _: u64) {
            panic!("it was acquired");
        }

        fn released(&self, _: &Event<'_>, _: Duration) {
            panic!("it was released");
        }
    }

    let folder = folder();
    let locks = Locks::builder().folder(folder.path()).observer(Fragile).open().unwrap();
    for _ in 0..2 {
        drop(locks.lock(LockName::new("x").unwrap()).acquire().unwrap());
    }
}

#[test]
fn a_reentered_section_is_not_an_acquisition() {
    let (folder, notes) = (folder(), Notes::default());
    let locks = &notes.locks(&folder);
    let section = || {
        locked!(lock_names::FIRST, locks = locks, {
            locked!(lock_names::FIRST, locks = locks, reentrant, { notes.taken() }).unwrap()
        })
    };
    assert_eq!(section().unwrap(), ["first acquired"]);
    assert_eq!(notes.taken(), ["first released"]);
}

/// The output of `tracing`.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn tracing_gets_all_that_is_known() {
    use tracing_subscriber::fmt::format::FmtSpan;

    let (folder, log) = (folder(), Log::default());
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let child = Child::holding(folder.path(), "x");
        let observer = TracingObserver::new().warn_after(Duration::from_millis(5));
        let locks = Locks::builder().folder(folder.path()).observer(observer).open().unwrap();
        let lock = locks.lock(LockName::new("x").unwrap());
        assert!(lock.timeout(Duration::from_millis(300)).acquire().is_err());
        assert!(lock.try_acquire().is_err());
        child.kill();
        drop(lock.acquire().unwrap());
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = log.lines().collect();
    let expected = [
        ["WARN", "still waiting for a lock name=x", "waited="],
        ["INFO", "lock_wait{name=x", "close"],
        ["WARN", "timed out waiting for a lock name=x", "waited="],
        ["DEBUG", "lock is already held name=x", "site="],
        ["WARN", "the holder of a lock had died with it name=x", "holder=child"],
        ["DEBUG", "lock acquired name=x", "token="],
        ["DEBUG", "lock released name=x", "held="],
    ];
    assert_eq!(lines.len(), expected.len(), "{log}");
    for (line, parts) in lines.iter().zip(expected) {
        assert!(parts.iter().all(|part| line.contains(part)), "{line}");
    }
}

/// Calls a function when a wait begins.
struct Busy<F>(F);

impl<F: Fn() + Send + Sync> Observer for Busy<F> {
    fn waiting(&self, _: &Event<'_>) {
        (self.0)();
    }
}

#[test]
fn a_thread_in_an_observer_does_not_block_others() {
    let folder = folder();
    let holder = Mutex::new(Some(Child::holding(folder.path(), "x")));
    let path = folder.path().to_owned();
    let observer = Busy(move || {
        holder.lock().unwrap().take().expect("it waits once").release();
        wait_until("another process acquires it", || try_in_child(&path, "x") == "acquired");
        let own = Locks::open(&path).unwrap().lock(LockName::new("x").unwrap());
        drop(own.timeout(LONG).acquire().unwrap());
    });
    let locks = Locks::builder().folder(folder.path()).observer(observer).open().unwrap();
    let lock = locks.lock(LockName::new("x").unwrap()).timeout(LONG);
    drop(lock.acquire().unwrap());
}
