//! The body of a task's section, which runs under the lock that the section has acquired.
//!
//! Each body is a type of its own, for which [`BodyFuture`] is compiled. So whatever does not depend on it is in
//! functions and types without it, which are compiled once.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Guards, all};
use crate::context::BodyScope;
use crate::error::LockError;
use crate::guard::LockGuard;

/// A section of a task, between its guards and its body: it is declared after those and before this, so that
/// the body is dropped in the section and before the guards.
pub struct TaskSection<'guards> {
    scope: BodyScope,
    /// Those whose loss ends the section.
    watched: Option<&'guards dyn Guards>,
}

/// A section that holds `guards`, and runs its body to the end.
pub fn section_to_end(guards: &impl Guards) -> TaskSection<'static> {
    TaskSection::new(guards, None)
}

/// A section that holds `guards`, and ends if one of its locks is lost.
pub fn section_unless_lost(guards: &impl Guards) -> TaskSection<'_> {
    TaskSection::new(guards, Some(guards))
}

impl<'guards> TaskSection<'guards> {
    fn new(guards: &dyn Guards, watched: Option<&'guards dyn Guards>) -> Self {
        let registration = all(guards).find_map(LockGuard::registration);
        Self { scope: BodyScope::new(registration), watched }
    }

    /// Runs the body, which is `async` and drops its values when it ends.
    ///
    /// # Errors
    /// [`LockError::Lost`] if a lock is lost, or [`LockError::Deadlock`] if that was in a deadlock of this
    /// task; the body is to be dropped then.
    pub fn run<'body, F: Future>(&'body mut self, body: Pin<&'body mut F>) -> BodyFuture<'body, F> {
        BodyFuture { poller: Poller { scope: &mut self.scope, watched: self.watched }, body }
    }
}

/// The body of a section, as a part of it.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct BodyFuture<'body, F> {
    poller: Poller<'body>,
    body: Pin<&'body mut F>,
}

impl<F: Future> Future for BodyFuture<'_, F> {
    type Output = Result<F::Output, LockError>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Some(error) = this.poller.enter(task) {
            return Poll::Ready(Err(error));
        }
        // If the body panics, the section is left when it is dropped.
        let polled = this.body.as_mut().poll(task);
        this.poller.leave(polled.is_ready());
        match polled {
            Poll::Pending => Poll::Pending,
            Poll::Ready(value) => Poll::Ready(Ok(value)),
        }
    }
}

/// What happens around the polls of a body.
struct Poller<'body> {
    scope: &'body mut BodyScope,
    watched: Option<&'body dyn Guards>,
}

impl Poller<'_> {
    /// Enters the section; or returns the error if one of its locks is lost. Otherwise the task is woken once
    /// one is.
    fn enter(&mut self, task: &Context<'_>) -> Option<LockError> {
        let mut watched = self.watched.into_iter().flat_map(all);
        let error = watched.find_map(|guard| guard.poll_lost(task.waker()));
        if error.is_none() {
            self.scope.enter();
        }
        error
    }

    fn leave(&mut self, has_ended: bool) {
        self.scope.leave();
        if has_ended {
            self.scope.end();
        }
    }
}

impl Drop for Poller<'_> {
    fn drop(&mut self) {
        // So that the body is dropped in its section, if it has not ended.
        self.scope.enter();
    }
}

/// Takes the error of a section that runs to its end, which has none.
pub fn unwatched(error: &LockError) -> ! {
    unreachable!("only a section whose locks are watched ends early: {error}")
}
