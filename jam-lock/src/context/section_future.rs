//! The future of a task's section, which is the current section while it is polled or dropped.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Registration;
use super::task_section::TaskSection;

thread_local! {
    /// It has no destructor, so that the destructors of all other values of the thread can use it. It
    /// leaks nothing, because every section that is entered is also left.
    static CURRENT: ManuallyDrop<RefCell<Option<Arc<TaskSection>>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
}

/// The innermost section of the task that this thread polls.
pub(super) fn current() -> Option<Arc<TaskSection>> {
    CURRENT.with(|section| section.borrow().clone())
}

/// Runs the body of the section that `registration` names.
///
/// The section is the current one whenever the body is polled, on any thread, and when it is dropped:
/// at its end, or with the returned future.
pub(crate) fn run_section<'body, F: Future>(
    registration: Option<&Registration>,
    body: Pin<&'body mut Option<F>>,
) -> impl Future<Output = F::Output> + use<'body, F> {
    SectionFuture { section: registration.and_then(Registration::task_section).cloned(), body }
}

struct SectionFuture<'body, F> {
    section: Option<Arc<TaskSection>>,
    /// `None` once it has ended.
    body: Pin<&'body mut Option<F>>,
}

impl<F: Future> Future for SectionFuture<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _entered = Entered::enter(self.section.clone());
        let body = self.body.as_mut().as_pin_mut().expect("it is not polled after its end");
        let polled = body.poll(context);
        if polled.is_ready() {
            self.body.set(None);
        }
        polled
    }
}

impl<F> Drop for SectionFuture<'_, F> {
    fn drop(&mut self) {
        let _entered = Entered::enter(self.section.clone());
        self.body.set(None);
    }
}

/// Restores the previous section when it is dropped, even by a panic of the body.
struct Entered {
    previous: Option<Arc<TaskSection>>,
}

impl Entered {
    /// Makes `section` the current one, if there is one.
    fn enter(section: Option<Arc<TaskSection>>) -> Option<Self> {
        section.map(|section| Self { previous: CURRENT.with(|it| it.replace(Some(section))) })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(CURRENT.with(|current| current.replace(self.previous.take())));
    }
}
