//! Other default locks for one test, on one thread or in one task.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use super::Locks;

thread_local! {
    /// It has no destructor, so that the destructors of all other values of the thread can use it. It leaks
    /// nothing, because every override ends.
    static CURRENT: ManuallyDrop<RefCell<Option<Locks>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
}

/// The default locks of this thread, if they are overridden.
pub(super) fn current() -> Option<Locks> {
    CURRENT.with(|current| current.borrow().clone())
}

impl Locks {
    /// Makes these the default locks of this thread, until the returned value is dropped: for tests.
    ///
    /// `#[locked]`, `locked!` and [`default_locks`](crate::default_locks) use them, also in the tasks that this
    /// thread polls, such as those of a `#[tokio::test]`. Other threads keep the default of the process, so
    /// tests that run side by side do not disturb each other. A thread that the test starts calls it again, on
    /// a clone. In tasks that move between threads, use [`Locks::override_default_for`].
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockError, Locks, locked};
    ///
    /// jam_lock::lock_names! {
    ///     /// Held while the index is being written.
    ///     "index",
    /// }
    ///
    /// #[locked("index", timeout = 0)]
    /// fn update() -> Result<(), LockError> {
    ///     Ok(())
    /// }
    ///
    /// // #[test]
    /// fn an_update_is_refused_while_the_index_is_locked() {
    ///     let locks = Locks::in_memory();
    ///     let _default = locks.override_default();
    ///     let held = locks.lock(lock_names::INDEX).acquire().unwrap();
    ///     assert!(update().unwrap_err().is_timeout());
    ///     drop(held);
    ///     assert!(update().is_ok());
    /// }
    /// #
    /// # fn main() {
    /// #     an_update_is_refused_while_the_index_is_locked();
    /// # }
    /// ```
    pub fn override_default(&self) -> DefaultOverride {
        let previous = CURRENT.with(|current| current.replace(Some(self.clone())));
        DefaultOverride { previous, of_this_thread: PhantomData }
    }

    /// Runs `future` with these as its default locks, on whichever threads it is polled: for tests.
    ///
    /// Tasks that it spawns keep the default of the process: wrap each of them.
    ///
    /// # Cancel safety
    /// Dropping the returned future drops `future`, whose destructors use these locks as well.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockError, Locks, locked};
    ///
    /// jam_lock::lock_names! {
    ///     /// Held while the index is being written.
    ///     "index",
    /// }
    ///
    /// #[locked("index")]
    /// async fn update() -> Result<(), LockError> {
    ///     Ok(())
    /// }
    ///
    /// async fn test() {
    ///     let locks = Locks::in_memory();
    ///     assert!(locks.override_default_for(update()).await.is_ok());
    /// }
    /// #
    /// # fn main() {
    /// #     tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test());
    /// # }
    /// ```
    pub fn override_default_for<F: Future>(
        &self,
        future: F,
    ) -> impl Future<Output = F::Output> + use<F> {
        let locks = self.clone();
        async move { Overriding { locks, body: pin!(Some(future)) }.await }
    }
}

/// Ends the override of the default locks when it is dropped; see [`Locks::override_default`].
///
/// Overrides of one thread end in reverse order.
#[must_use = "the override ends as soon as this is dropped: write `let _default = …`, not `let _ = …`"]
pub struct DefaultOverride {
    previous: Option<Locks>,
    /// It is neither `Send` nor `Sync`.
    of_this_thread: PhantomData<*const ()>,
}

impl fmt::Debug for DefaultOverride {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefaultOverride").finish_non_exhaustive()
    }
}

impl Drop for DefaultOverride {
    fn drop(&mut self) {
        // The locks are dropped after the borrow ends: their engine may be the user's.
        drop(CURRENT.with(|current| current.replace(self.previous.take())));
    }
}

/// A future whose polls, and whose drop, have other default locks.
struct Overriding<'body, F> {
    locks: Locks,
    /// `None` once it has ended.
    body: Pin<&'body mut Option<F>>,
}

impl<F: Future> Future for Overriding<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _default = self.locks.override_default();
        let body = self.body.as_mut().as_pin_mut().expect("it is not polled after its end");
        let polled = body.poll(context);
        if polled.is_ready() {
            self.body.set(None);
        }
        polled
    }
}

impl<F> Drop for Overriding<'_, F> {
    fn drop(&mut self) {
        let _default = self.locks.override_default();
        self.body.set(None);
    }
}
