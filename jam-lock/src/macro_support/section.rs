//! The body of a task's section, which runs under the lock that the section has acquired.
//!
//! Each body is a type of its own, for which [`BodyFuture`] is compiled. So whatever does not depend on it is in
//! functions and types without it, which are compiled once.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{Guards, Request, all};
use crate::context::{BodyScope, Owner};
use crate::error::LockError;
use crate::guard::LockGuard;
use crate::lock::{AcquireFuture, AcquiredBy};
use crate::name::LockName;

/// A section of a task, between its guards and its body: it is declared after those and before this, so that
/// the body is dropped in the section and before the guards.
pub struct TaskSection<'guards> {
    // It is dropped before the guard, which may be in the stage.
    scope: BodyScope,
    stage: Stage<'guards>,
}

/// What a section does before each poll of its body.
enum Stage<'guards> {
    /// It acquires its lock.
    Acquiring(AcquireFuture),
    /// It has not acquired its lock, or has stopped to.
    NotAcquired(Option<LockError>),
    /// It ends if this lock is lost.
    Holding(LockGuard),
    /// It ends if one of these locks is lost.
    Watching(&'guards dyn Guards),
    /// It runs to its end.
    RunningToEnd,
}

/// A section that holds `guards`, and runs its body to the end.
pub fn section_to_end(guards: &impl Guards) -> TaskSection<'static> {
    TaskSection { scope: scope(guards), stage: Stage::RunningToEnd }
}

/// A section that holds `guards`, and ends if one of its locks is lost.
pub fn section_unless_lost(guards: &impl Guards) -> TaskSection<'_> {
    TaskSection { scope: scope(guards), stage: Stage::Watching(guards) }
}

/// The scope of a body that runs under `guards`.
fn scope(guards: &dyn Guards) -> BodyScope {
    BodyScope::new(all(guards).find_map(LockGuard::registration))
}

impl Request<'_, LockName> {
    /// A section that acquires the lock before it runs its body, and ends if the lock is lost.
    ///
    /// A function with such a section waits only once for both, which is less to compile.
    pub fn section(self) -> TaskSection<'static> {
        let (site, deadline) = (self.site, self.timeout.deadline());
        let owner = AcquiredBy::Current(Owner::task_section);
        let stage = match self.lock() {
            Ok(lock) => Stage::Acquiring(lock.acquire_async_for(owner, site, deadline)),
            Err(error) => Stage::NotAcquired(Some(error)),
        };
        TaskSection { scope: BodyScope::new(None), stage }
    }
}

impl<'guards> TaskSection<'guards> {
    /// Runs the body, which is `async` and drops its values when it ends.
    ///
    /// # Errors
    /// That of the acquisition; [`LockError::Lost`] if a lock is lost, or [`LockError::Deadlock`] if that was
    /// in a deadlock of this task. The body is to be dropped then.
    pub fn run<'body, F: Future>(
        &'body mut self,
        body: Pin<&'body mut F>,
    ) -> BodyFuture<'body, 'guards, F> {
        BodyFuture { poller: Poller { section: self }, body }
    }
}

/// The body of a section, as a part of it.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct BodyFuture<'body, 'guards, F> {
    poller: Poller<'body, 'guards>,
    body: Pin<&'body mut F>,
}

impl<F: Future> Future for BodyFuture<'_, '_, F> {
    type Output = Result<F::Output, LockError>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        match this.poller.enter(task) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => {}
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
struct Poller<'body, 'guards> {
    section: &'body mut TaskSection<'guards>,
}

impl Poller<'_, '_> {
    /// Enters the section, once its lock is acquired; or returns the error if it is not, or if a lock is lost.
    /// The task is woken when there is something to do.
    fn enter(&mut self, task: &mut Context<'_>) -> Poll<Result<(), LockError>> {
        let TaskSection { scope, stage } = self.section;
        let error = match stage {
            Stage::Acquiring(acquisition) => {
                let guard = ready!(Pin::new(acquisition).poll(task))?;
                guard.end_run(false);
                *scope = BodyScope::new(guard.registration());
                let error = guard.poll_lost(task.waker());
                *stage = Stage::Holding(guard);
                error
            }
            Stage::NotAcquired(error) => {
                return error.take().map_or(Poll::Pending, |error| Poll::Ready(Err(error)));
            }
            Stage::Holding(guard) => guard.poll_lost(task.waker()),
            Stage::Watching(guards) => all(*guards).find_map(|guard| guard.poll_lost(task.waker())),
            Stage::RunningToEnd => None,
        };
        if let Some(error) = error {
            return Poll::Ready(Err(error));
        }
        scope.enter();
        Poll::Ready(Ok(()))
    }

    fn leave(&mut self, has_ended: bool) {
        self.section.scope.leave();
        if has_ended {
            self.section.scope.end();
        }
    }
}

impl Drop for Poller<'_, '_> {
    fn drop(&mut self) {
        let TaskSection { scope, stage } = self.section;
        // A value that the body drops may wait for the same lock.
        if let Stage::Acquiring(_) = stage {
            *stage = Stage::NotAcquired(None);
        }
        // So that the body is dropped in its section, if it has not ended.
        scope.enter();
    }
}

/// Takes the error of a section that runs to its end, which has none.
pub fn unwatched(error: &LockError) -> ! {
    unreachable!("only a section whose locks are watched ends early: {error}")
}
