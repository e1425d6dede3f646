//! The holder of a lock, as the error of a failed acquisition names it.
//!
//! In another process it is known for certain on Linux only.

#![cfg(target_os = "linux")]

mod containers;
mod forwarded;
mod inherited;
mod scripts;

use std::fs;
use std::process::Command;
use std::time::Duration;

use jam_lock::{Holder, Lock, LockError, Locks, locked};

use crate::{folder, lock, lock_names, on_another_thread};
use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::order::Order;
use jam_lock_tests::requirements::python;

/// How often to try: on a busy machine a holder may be found too late to be named.
const TRIES: usize = 10;

/// The error of a failed try.
fn refused(lock: &Lock) -> LockError {
    let mut tries = (0..TRIES).map(|_| on_another_thread(|| lock.try_acquire().unwrap_err()));
    let is_named = |error: &LockError| matches!(error, LockError::Timeout { holder: Some(_), .. });
    let last = tries.next().expect("there is more than one try");
    if is_named(&last) { last } else { tries.find(is_named).unwrap_or(last) }
}

/// The holder that a failed try names.
fn holder(lock: &Lock) -> Option<Holder> {
    match refused(lock) {
        LockError::Timeout { holder, .. } => holder.map(|holder| *holder),
        other => panic!("expected a timeout, got {other:?}"),
    }
}

/// The part of the error that names the holder, with `…` for the time and the line.
fn named(lock: &Lock) -> String {
    let error = refused(lock).to_string();
    let (_, held) = error.split_once("the timeout is 0").expect("the try failed");
    masked(held)
}

fn masked(held: &str) -> String {
    let text = match held.split_once("held for ").and_then(|(start, rest)| {
        rest.split_once(" by ").map(|(_, holder)| format!("{start}held for … by {holder}"))
    }) {
        Some(text) => text,
        None => held.to_owned(),
    };
    let Some((start, rest)) = text.split_once(".rs:") else { return text };
    format!("{start}.rs:…{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
}

fn host() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned()
}

#[test]
fn a_holder_in_another_process_is_named_with_its_function_and_line() {
    let folder = folder();
    let child = Child::in_section(folder.path(), "x");
    let lock = lock(folder.path(), "called_x");
    let (id, host) = (child.id(), host());
    let text = format!(
        ": held for … by `on_apply` at tests/child/sections.rs:…, child (pid {id}) on {host}"
    );
    assert_eq!(named(&lock), text);

    let error = lock.timeout(Duration::from_millis(50)).acquire().unwrap_err().to_string();
    let path = folder.path().canonicalize().unwrap().join("called_x.lock");
    let (start, held) = error.split_at(error.find(": held").unwrap());
    assert!(start.starts_with("timed out after "), "{error}");
    assert!(start.ends_with(&format!("waiting for lock `called_x` ({})", path.display())));
    assert_eq!(masked(held), text);
}

#[test]
fn a_guard_in_another_process_is_named_with_its_line() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let (id, host) = (child.id(), host());
    let text = format!(": held for … by child (pid {id}) on {host} at tests/child/hold.rs:…");
    assert_eq!(named(&lock(folder.path(), "x")), text);
}

#[test]
fn the_error_has_all_that_is_known_of_the_holder() {
    let folder = folder();
    let child = Child::in_section(folder.path(), "x");
    let holder = holder(&lock(folder.path(), "called_x")).unwrap();
    assert_eq!(holder.process(), Some(child.id()));
    assert_eq!((holder.program(), holder.function()), (Some("child"), Some("on_apply")));
    assert_eq!((holder.host(), holder.file()), (Some(&*host()), Some("tests/child/sections.rs")));
    assert!(holder.line().is_some() && holder.token().is_some());
    assert!(holder.since().unwrap().elapsed().unwrap() >= holder.held_for().unwrap());
}

#[test]
fn the_holder_can_be_found_without_requesting_the_lock() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    assert_eq!(lock.holder(), None);
    let child = Child::holding(folder.path(), "x");
    assert_eq!(lock.holder().unwrap().process(), Some(child.id()));
    child.release();
    assert_eq!(lock.holder(), None);
}

#[test]
fn a_thread_of_this_process_is_named_as_such() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let _guard = lock.acquire().unwrap();
    assert_eq!(named(&lock), ": held for … by this process at tests/behaviour/holders.rs:…");
}

#[test]
fn a_section_of_this_process_is_named_with_its_function() {
    #[locked("first", locks = locks)]
    fn on_apply(locks: &Locks) -> Result<String, LockError> {
        Ok(named(&locks.lock(lock_names::FIRST)))
    }

    let folder = folder();
    let text = ": held for … by `on_apply` at tests/behaviour/holders.rs:…, in this process";
    let locks = Locks::open(folder.path()).unwrap();
    assert_eq!(on_apply(&locks).unwrap(), text);
}

#[test]
fn a_task_of_this_process_is_named_with_its_function() {
    #[locked("first", locks = locks)]
    async fn on_apply(locks: &Locks) -> Result<String, LockError> {
        smol::future::yield_now().await;
        Ok(named(&locks.lock(lock_names::FIRST)))
    }

    async fn on_delete(locks: &Locks) -> Result<String, LockError> {
        locked!("first", locks = locks, async { named(&locks.lock(lock_names::FIRST)) }).await
    }

    let folder = folder();
    let locks = Locks::open(folder.path()).unwrap();
    let text = |function| {
        format!(": held for … by `{function}` at tests/behaviour/holders.rs:…, in this process")
    };
    assert_eq!(smol::block_on(on_apply(&locks)).unwrap(), text("on_apply"));
    assert_eq!(smol::block_on(on_delete(&locks)).unwrap(), text("on_delete"));
}

#[test]
fn the_line_is_that_of_the_annotation() {
    #[locked(
        "first",
        locks = locks
    )]
    fn on_apply(locks: &Locks) -> Result<Option<u32>, LockError> {
        Ok(holder(&locks.lock(lock_names::FIRST)).unwrap().line())
    }

    let folder = folder();
    let locks = Locks::open(folder.path()).unwrap();
    let line = line!() - 10;
    let found = on_apply(&locks).unwrap().unwrap();
    assert!((line..line + 4).contains(&found), "{found}");
    let by_block = locked!("first", locks = &locks, { holder(&locks.lock(lock_names::FIRST)) });
    assert_eq!(by_block.unwrap().unwrap().line(), Some(line!() - 1));
}

#[test]
fn a_label_is_shown_instead_of_the_source_line_in_this_process_and_in_others() {
    let folder = folder();
    let lock = lock(folder.path(), "x").label("./backup.sh --all");
    let acquire: [fn(&Lock) -> _; 2] =
        [Lock::acquire, |lock: &Lock| smol::block_on(lock.acquire_async())];
    for acquire in acquire {
        let guard = acquire(&lock).unwrap();
        let named = holder(&lock).unwrap();
        assert_eq!(named.to_string(), "`./backup.sh --all`, in this process");
        assert_eq!((named.file(), named.line()), (None, None));
        let record = fs::read_to_string(folder.path().join("x.holder")).unwrap();
        assert!(record.contains("./backup.sh --all") && !record.contains(".rs"), "{record}");
        guard.release().unwrap();
    }
}

#[test]
fn the_first_of_several_readers_is_named() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let first = lock.shared().acquire().unwrap().detach();
    let second = lock.shared().acquire().unwrap().detach();
    assert_eq!(holder(&lock).unwrap().line(), Some(line!() - 2));
    drop(first);
    assert_eq!(holder(&lock).unwrap().line(), Some(line!() - 3));
    drop(second);
}

#[test]
fn flock_1_is_named_by_its_process() {
    let folder = folder();
    let path = folder.path().join("x.lock");
    let lock = lock(folder.path(), "x");
    for mode in ["-x", "-s"] {
        let child = Child::flock(&path, mode);
        assert_eq!(named(&lock), format!(": held by flock (pid {}) on {}", child.id(), host()));
        child.release();
    }
}

#[test]
fn python_is_named_by_its_process() {
    let Some(python) = python() else { return };
    for module in ["jam.third_party.filelock", "filelock"] {
        let folder = folder();
        let path = folder.path().join("x.lock");
        let program = format!(
            "import sys\n\
             from {module} import FileLock\n\
             with FileLock(sys.argv[1]):\n    \
                 print('held', flush=True)\n    \
                 sys.stdin.read()\n\
             print('released', flush=True)"
        );
        let child =
            Child::start(Command::new(&python).args(["-c", &program]).arg(&path)).after("held");
        let text = named(&lock(folder.path(), "x"));
        assert!(text.starts_with(": held by python"), "{text}");
        assert!(text.ends_with(&format!("(pid {}) on {}", child.id(), host())), "{text}");
        child.release();
    }
}

#[test]
fn a_record_of_a_process_that_does_not_hold_the_lock_is_ignored() {
    let folder = folder();
    let died = Child::in_section(folder.path(), "x");
    died.kill();
    let record = fs::read_to_string(folder.path().join("called_x.holder")).unwrap();
    assert!(record.contains("held") && record.contains("on_apply"), "{record}");
    let holds = Child::flock(&folder.path().join("called_x.lock"), "-x");
    let text = named(&lock(folder.path(), "called_x"));
    assert_eq!(text, format!(": held by flock (pid {}) on {}", holds.id(), host()));
    holds.release();
}

#[test]
fn an_unrecorded_holder_is_named_by_its_process() {
    let folder = folder();
    let order = Order::HoldUnrecorded { folder: folder.path(), name: "x" };
    let child = Child::spawn(&order).after("held");
    let text = named(&lock(folder.path(), "x"));
    assert_eq!(text, format!(": held by child (pid {}) on {}", child.id(), host()));
    assert!(!folder.path().join("x.holder").exists());
    child.release();
}

#[test]
fn a_released_lock_has_no_holder() {
    let folder = folder();
    drop(lock(folder.path(), "x").acquire().unwrap());
    let record = fs::read_to_string(folder.path().join("x.holder")).unwrap();
    assert!(record.starts_with("jam-lock 1 free"), "{record}");
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn a_task_finds_a_holder_in_this_process_too() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let _guard = lock.acquire().unwrap();
    let wait = lock.timeout(Duration::from_millis(1)).acquire_async();
    match on_another_thread(|| smol::block_on(wait)) {
        Err(LockError::Timeout { holder: Some(holder), .. }) => {
            assert_eq!(holder.process(), Some(std::process::id()));
        }
        other => panic!("expected a timeout with its holder, got {other:?}"),
    }
}
