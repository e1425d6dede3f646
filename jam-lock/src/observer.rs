//! [`Observer`]: callbacks for what happens to locks.

#[cfg(feature = "tracing")]
mod tracing;

use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[cfg(feature = "tracing")]
pub use self::tracing::TracingObserver;
use crate::error::LockError;
use crate::holder::Holder;
use crate::name::LockName;
use crate::site::Site;

/// Callbacks for what happens to the locks of a [`Locks`](crate::Locks).
///
/// Pass one to [`LocksBuilder::observer`](crate::LocksBuilder::observer). By default, every method does
/// nothing. Methods are called by the thread or task that acquires or releases the lock, and not under a
/// mutex or borrow of this library: they may be slow, and may acquire locks. Meanwhile, other waiters may
/// overtake this one. A panic in a method is caught; only the panic hook sees it.
///
/// All events of one acquisition have the same [`Event::number`]: [`acquired`](Observer::acquired) and
/// [`released`](Observer::released), preceded by [`waiting`](Observer::waiting) if the lock was not free. A
/// wait ends with `acquired`, [`timed_out`](Observer::timed_out) or [`gave_up`](Observer::gave_up). A
/// re-entry by `reentrant` is not an acquisition.
///
/// # Example
/// ```
/// use jam_lock::{Event, Holder, LockName, Locks, Observer};
///
/// /// Prints timeouts to the terminal.
/// struct Terminal;
///
/// impl Observer for Terminal {
///     fn timed_out(&self, event: &Event<'_>, holder: Option<&Holder>) {
///         eprintln!("{} is in use: {holder:?}", event.name);
///     }
/// }
///
/// let locks = Locks::builder().observer(Terminal).temporary()?;
/// let guard = locks.lock(LockName::new("report")?).acquire()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[expect(unused_variables, reason = "the names of the arguments say what they are")]
pub trait Observer: Send + Sync {
    /// The lock is not free, and a wait starts.
    fn waiting(&self, event: &Event<'_>) {}

    /// How long a wait lasts until [`Observer::still_waiting`] is called; `None`, the default, for never.
    fn still_waiting_after(&self) -> Option<Duration> {
        None
    }

    /// A wait has lasted for [`Observer::still_waiting_after`].
    ///
    /// Called once in a wait, and up to 0.1 seconds late, or a second on a server, because the holder is
    /// looked up first.
    fn still_waiting(&self, event: &Event<'_>, holder: Option<&Holder>) {}

    /// The lock was acquired.
    fn acquired(&self, event: &Event<'_>, token: u64) {}

    /// The lock was acquired, and was abandoned by `holder`; called before [`Observer::acquired`].
    fn abandoned(&self, event: &Event<'_>, holder: &Holder) {}

    /// The lock was acquired, although `holder` has not released it; called before
    /// [`Observer::acquired`].
    ///
    /// [`LockGuard::unreleased`](crate::LockGuard::unreleased) says what that means.
    fn unreleased(&self, event: &Event<'_>, holder: &Holder) {}

    /// The lock was acquired, but its record could not be read or written.
    ///
    /// [`LockGuard::record_error`](crate::LockGuard::record_error) says what that means. Called before
    /// [`Observer::acquired`].
    fn record_error(&self, event: &Event<'_>, error: &LockError) {}

    /// The lock was held elsewhere until the timeout passed.
    ///
    /// With `or_else = skip`, a holder in another process is not looked up.
    fn timed_out(&self, event: &Event<'_>, holder: Option<&Holder>) {}

    /// A wait ended without the lock for another reason: its future was dropped, or it failed with another
    /// error.
    fn gave_up(&self, event: &Event<'_>) {}

    /// The lock was released, after being held for `held`.
    fn released(&self, event: &Event<'_>, held: Duration) {}
}

/// So that a program can keep a handle to its observer.
impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn waiting(&self, event: &Event<'_>) {
        (**self).waiting(event);
    }

    fn still_waiting_after(&self) -> Option<Duration> {
        (**self).still_waiting_after()
    }

    fn still_waiting(&self, event: &Event<'_>, holder: Option<&Holder>) {
        (**self).still_waiting(event, holder);
    }

    fn acquired(&self, event: &Event<'_>, token: u64) {
        (**self).acquired(event, token);
    }

    fn abandoned(&self, event: &Event<'_>, holder: &Holder) {
        (**self).abandoned(event, holder);
    }

    fn unreleased(&self, event: &Event<'_>, holder: &Holder) {
        (**self).unreleased(event, holder);
    }

    fn record_error(&self, event: &Event<'_>, error: &LockError) {
        (**self).record_error(event, error);
    }

    fn timed_out(&self, event: &Event<'_>, holder: Option<&Holder>) {
        (**self).timed_out(event, holder);
    }

    fn gave_up(&self, event: &Event<'_>) {
        (**self).gave_up(event);
    }

    fn released(&self, event: &Event<'_>, held: Duration) {
        (**self).released(event, held);
    }
}

/// The acquisition that an [`Observer`] is called for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// The lock.
    pub name: &'a LockName,
    /// Where it was requested.
    pub site: &'a Site,
    /// Identifies the acquisition in this process.
    pub number: u64,
    /// How long the acquisition waited until now, or until the lock was acquired; zero if it was free.
    pub waited: Duration,
}

/// Notifies the observer of one acquisition.
pub(crate) struct Notifier {
    observer: Arc<dyn Observer>,
    name: LockName,
    site: Site,
    number: u64,
    started: Instant,
}

static ACQUISITIONS: AtomicU64 = AtomicU64::new(1);

impl Notifier {
    pub(crate) fn new(observer: &Arc<dyn Observer>, name: &LockName, site: Site) -> Self {
        Self {
            observer: Arc::clone(observer),
            name: name.clone(),
            site,
            number: ACQUISITIONS.fetch_add(1, Ordering::Relaxed),
            started: Instant::now(),
        }
    }

    /// When to call [`Notifier::still_waiting`], if the wait lasts until then.
    pub(crate) fn still_waiting_at(&self) -> Option<Instant> {
        let mut after = None;
        self.notify(Duration::ZERO, |observer, _| after = observer.still_waiting_after());
        after.and_then(|after| self.started.checked_add(after))
    }

    pub(crate) fn waiting(&self) {
        self.notify(Duration::ZERO, |observer, event| observer.waiting(event));
    }

    pub(crate) fn still_waiting(&self, holder: Option<&Holder>) {
        self.notify(self.started.elapsed(), |observer, event| {
            observer.still_waiting(event, holder);
        });
    }

    pub(crate) fn record_error(&self, waited: Duration, error: &LockError) {
        self.notify(waited, |observer, event| observer.record_error(event, error));
    }

    pub(crate) fn unreleased(&self, waited: Duration, holder: &Holder) {
        self.notify(waited, |observer, event| observer.unreleased(event, holder));
    }

    pub(crate) fn acquired(&self, waited: Duration, token: u64, abandoned: Option<&Holder>) {
        if let Some(holder) = abandoned {
            self.notify(waited, |observer, event| observer.abandoned(event, holder));
        }
        self.notify(waited, |observer, event| observer.acquired(event, token));
    }

    pub(crate) fn timed_out(&self, waited: Duration, holder: Option<&Holder>) {
        self.notify(waited, |observer, event| observer.timed_out(event, holder));
    }

    pub(crate) fn gave_up(&self) {
        self.notify(self.started.elapsed(), |observer, event| observer.gave_up(event));
    }

    pub(crate) fn released(&self, waited: Duration) {
        let held = self.started.elapsed().saturating_sub(waited);
        self.notify(waited, |observer, event| observer.released(event, held));
    }

    /// Catches a panic of the observer, which must not keep the caller from releasing a lock.
    fn notify(&self, waited: Duration, notify: impl FnOnce(&dyn Observer, &Event<'_>)) {
        let Self { name, site, number, .. } = self;
        let event = Event { name, site, number: *number, waited };
        let _ = panic::catch_unwind(AssertUnwindSafe(|| notify(&*self.observer, &event)));
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").field("name", &self.name).finish_non_exhaustive()
    }
}
