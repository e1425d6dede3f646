//! A section in a task, which installs its chain while it is polled, and while it is dropped.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Listing;
use super::chain::Chain;

thread_local! {
    /// Without a destructor, so that it is there for the destructors of all other values of the
    /// thread. It leaks nothing: whatever was installed is taken out again.
    static INSTALLED: ManuallyDrop<RefCell<Option<Arc<Chain>>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
}

/// The innermost section of the task that this thread polls.
pub(super) fn installed() -> Option<Arc<Chain>> {
    INSTALLED.with(|chain| chain.borrow().clone())
}

/// Runs `section`, whose locks are listed in `listing`, with that installed whenever it is polled,
/// wherever that is, and when it is dropped, which it is at its end, or with the returned future.
pub(crate) fn within<'section, F: Future>(
    listing: Option<&Listing>,
    section: Pin<&'section mut Option<F>>,
) -> impl Future<Output = F::Output> + use<'section, F> {
    Within { chain: listing.and_then(Listing::section).cloned(), section }
}

struct Within<'section, F> {
    chain: Option<Arc<Chain>>,
    /// Until it has ended.
    section: Pin<&'section mut Option<F>>,
}

impl<F: Future> Future for Within<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _installed = Installed::new(self.chain.clone());
        let section = self.section.as_mut().as_pin_mut().expect("it is not polled after its end");
        let polled = section.poll(context);
        if polled.is_ready() {
            self.section.set(None);
        }
        polled
    }
}

impl<F> Drop for Within<'_, F> {
    fn drop(&mut self) {
        let _installed = Installed::new(self.chain.clone());
        self.section.set(None);
    }
}

/// Puts back what was installed before, even where the section panics.
struct Installed {
    before: Option<Arc<Chain>>,
}

impl Installed {
    /// Installs `chain`, if there is one.
    fn new(chain: Option<Arc<Chain>>) -> Option<Self> {
        chain.map(|chain| Self { before: INSTALLED.with(|it| it.replace(Some(chain))) })
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        drop(INSTALLED.with(|installed| installed.replace(self.before.take())));
    }
}
