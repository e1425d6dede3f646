//! [`Observer`]: who is told of what happens to locks.

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

/// Is told of what happens to the locks of a [`Locks`](crate::Locks).
///
/// Give one to [`Locks::builder`](crate::Locks::builder). Every method does nothing by default, and
/// is called by the thread or task that it happens to, under no mutex or borrow of this library: it
/// may take its time, and locks of its own. Meanwhile the wait that it is called for lets others pass.
/// A panic in it ends there; only the panic hook sees it.
///
/// What happens to one acquisition has the same [`Event::number`]:
/// [`acquired`](Observer::acquired) and [`released`](Observer::released), and where the lock was
/// not free, [`waiting`](Observer::waiting) before. A wait ends in `acquired`,
/// [`timed_out`](Observer::timed_out) or [`gave_up`](Observer::gave_up). A section that is entered
/// again by `reentrant` is no acquisition.
///
/// # Example
/// ```
/// use jam_lock::{Event, Holder, LockName, Locks, Observer};
///
/// /// Says on the terminal what a person waits for.
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
    /// The lock is not free, and a wait begins.
    fn waiting(&self, event: &Event<'_>) {}

    /// How long a wait may last until [`Observer::still_waiting`] is called; `None`, the default,
    /// for never.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// A wait has lasted for [`Observer::patience`]; called once in a wait, and up to 0.1 seconds later
    /// while the holder is looked for, or a second on a server.
    fn still_waiting(&self, event: &Event<'_>, holder: Option<&Holder>) {}

    /// The lock was acquired.
    fn acquired(&self, event: &Event<'_>, token: u64) {}

    /// The lock was acquired, and `holder` had died with it; called before
    /// [`Observer::acquired`].
    fn abandoned(&self, event: &Event<'_>, holder: &Holder) {}

    /// The lock was acquired, but `error` kept its record from being read or written;
    /// [`LockGuard::record_error`](crate::LockGuard::record_error) says what that means. Called before
    /// [`Observer::acquired`].
    fn record_error(&self, event: &Event<'_>, error: &LockError) {}

    /// The lock was held elsewhere until the timeout had passed. A holder in another process is not
    /// looked for with `or_else = skip`.
    fn timed_out(&self, event: &Event<'_>, holder: Option<&Holder>) {}

    /// A wait ended without the lock for another reason: its future was dropped, or the system
    /// refused something, which is returned as an error.
    fn gave_up(&self, event: &Event<'_>) {}

    /// The lock was released after it was held for so long.
    fn released(&self, event: &Event<'_>, held: Duration) {}
}

/// So that who gives one away can keep a handle on it.
impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn waiting(&self, event: &Event<'_>) {
        (**self).waiting(event);
    }

    fn patience(&self) -> Option<Duration> {
        (**self).patience()
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

/// What an [`Observer`] is told of an acquisition.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// The lock.
    pub name: &'a LockName,
    /// Where it was asked for.
    pub site: &'a Site,
    /// Tells the acquisitions of this process apart.
    pub number: u64,
    /// How long was waited until now, or until the lock was acquired; zero where it was free.
    pub waited: Duration,
}

/// Tells one acquisition's observer what becomes of it.
pub(crate) struct Report {
    observer: Arc<dyn Observer>,
    name: LockName,
    site: Site,
    number: u64,
    begun: Instant,
}

static ACQUISITIONS: AtomicU64 = AtomicU64::new(1);

impl Report {
    pub(crate) fn new(observer: &Arc<dyn Observer>, name: &LockName, site: Site) -> Self {
        Self {
            observer: Arc::clone(observer),
            name: name.clone(),
            site,
            number: ACQUISITIONS.fetch_add(1, Ordering::Relaxed),
            begun: Instant::now(),
        }
    }

    /// When the observer wants to be told of the wait again.
    pub(crate) fn end_of_patience(&self) -> Option<Instant> {
        let mut patience = None;
        self.tell(Duration::ZERO, |observer, _| patience = observer.patience());
        patience.and_then(|patience| self.begun.checked_add(patience))
    }

    pub(crate) fn waiting(&self) {
        self.tell(Duration::ZERO, |observer, event| observer.waiting(event));
    }

    pub(crate) fn still_waiting(&self, holder: Option<&Holder>) {
        self.tell(self.begun.elapsed(), |observer, event| observer.still_waiting(event, holder));
    }

    pub(crate) fn record_error(&self, waited: Duration, error: &LockError) {
        self.tell(waited, |observer, event| observer.record_error(event, error));
    }

    pub(crate) fn acquired(&self, waited: Duration, token: u64, abandoned: Option<&Holder>) {
        if let Some(holder) = abandoned {
            self.tell(waited, |observer, event| observer.abandoned(event, holder));
        }
        self.tell(waited, |observer, event| observer.acquired(event, token));
    }

    pub(crate) fn timed_out(&self, waited: Duration, holder: Option<&Holder>) {
        self.tell(waited, |observer, event| observer.timed_out(event, holder));
    }

    pub(crate) fn gave_up(&self) {
        self.tell(self.begun.elapsed(), |observer, event| observer.gave_up(event));
    }

    pub(crate) fn released(&self, waited: Duration) {
        let held = self.begun.elapsed().saturating_sub(waited);
        self.tell(waited, |observer, event| observer.released(event, held));
    }

    /// Whoever releases a lock must not end, or hold it for ever, where an observer panics.
    fn tell(&self, waited: Duration, tell: impl FnOnce(&dyn Observer, &Event<'_>)) {
        let Self { name, site, number, .. } = self;
        let event = Event { name, site, number: *number, waited };
        let _ = panic::catch_unwind(AssertUnwindSafe(|| tell(&*self.observer, &event)));
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report").field("name", &self.name).finish_non_exhaustive()
    }
}
