//! A section in a task, which installs its chain while it is polled.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Home;
use super::chain::Chain;

thread_local! {
    static INSTALLED: RefCell<Option<Arc<Chain>>> = const { RefCell::new(None) };
}

/// The innermost section of the task that this thread polls.
pub(super) fn installed() -> Option<Arc<Chain>> {
    // A thread that ends polls nothing any more.
    INSTALLED.try_with(|chain| chain.borrow().clone()).ok().flatten()
}

/// Runs `section`, whose locks are listed in `home`, with that installed whenever it is polled,
/// wherever that is.
pub(crate) fn within<F: Future>(
    home: Option<&Home>,
    section: Pin<&mut F>,
) -> impl Future<Output = F::Output> {
    let chain = match home {
        Some(Home::Chain(chain)) => Some(Arc::clone(chain)),
        Some(Home::Thread(_)) | None => None,
    };
    Within { chain, section }
}

struct Within<'section, F> {
    chain: Option<Arc<Chain>>,
    section: Pin<&'section mut F>,
}

impl<F: Future> Future for Within<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _installed = self.chain.clone().map(Installed::new);
        self.section.as_mut().poll(context)
    }
}

/// Puts back what was installed before, even where the section panics.
struct Installed {
    before: Option<Arc<Chain>>,
}

impl Installed {
    fn new(chain: Arc<Chain>) -> Self {
        Self {
            before: INSTALLED.try_with(|installed| installed.replace(Some(chain))).ok().flatten(),
        }
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        let _ = INSTALLED.try_with(|installed| installed.replace(self.before.take()));
    }
}
