//! The current section of a task, while its body is polled or dropped.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::sync::Arc;

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

/// Where the body of a task's section runs: the section is the current one whenever the body is polled, on
/// any thread, and when it is dropped.
///
/// It is declared before the body, which so is dropped before it: what was entered then, or by a poll that
/// panicked, is left when this is dropped.
pub(crate) struct BodyScope {
    /// `None` for no section, or once the body has ended.
    section: Option<Arc<TaskSection>>,
    /// While the section is the current one: what was before it.
    previous: Option<Previous>,
}

/// The section that was current before, if there was one.
struct Previous(Option<Arc<TaskSection>>);

impl BodyScope {
    /// For a body of the section that `registration` names.
    pub(crate) fn new(registration: Option<&Registration>) -> Self {
        let section = registration.and_then(Registration::task_section).cloned();
        Self { section, previous: None }
    }

    /// Makes the section the current one, unless it is.
    pub(crate) fn enter(&mut self) {
        if let (Some(section), None) = (&self.section, &self.previous) {
            let section = Some(Arc::clone(section));
            self.previous = Some(Previous(CURRENT.with(|current| current.replace(section))));
        }
    }

    /// Makes the previous section the current one again.
    pub(crate) fn leave(&mut self) {
        if let Some(Previous(previous)) = self.previous.take() {
            drop(CURRENT.with(|current| current.replace(previous)));
        }
    }

    /// The body has ended, and has dropped its values.
    pub(crate) fn end(&mut self) {
        self.section = None;
    }
}

impl Drop for BodyScope {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::HeldBy;

    fn is_current(section: &Arc<TaskSection>) -> bool {
        current().is_some_and(|current| Arc::ptr_eq(&current, section))
    }

    #[test]
    fn a_body_that_is_dropped_early_leaves_the_section_that_was_current_before() {
        let [outer, inner] = [(); 2].map(|()| Arc::new(TaskSection::inside(None)));
        let scope = |section: &Arc<TaskSection>| {
            BodyScope::new(Some(&Registration::TaskSection(
                Arc::clone(section),
                HeldBy::TaskSection,
            )))
        };
        let mut outer_scope = scope(&outer);
        outer_scope.enter();
        let mut inner_scope = scope(&inner);
        inner_scope.enter();
        inner_scope.leave();
        assert!(is_current(&outer));
        // Before the body is dropped, or if it has panicked.
        inner_scope.enter();
        inner_scope.enter();
        assert!(is_current(&inner));
        drop(inner_scope);
        assert!(is_current(&outer));
        drop(outer_scope);
        assert!(current().is_none());
    }

    #[test]
    fn a_body_that_has_ended_is_not_entered_again() {
        let section = Arc::new(TaskSection::inside(None));
        let registration = Registration::TaskSection(Arc::clone(&section), HeldBy::TaskSection);
        let mut scope = BodyScope::new(Some(&registration));
        scope.enter();
        scope.leave();
        scope.end();
        scope.enter();
        assert!(current().is_none());
    }
}
