//! A section in a task, which installs its chain while it is polled.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{Chain, OF_TASK};

/// Runs `section` with `chain` installed whenever it is polled, wherever that is.
pub(crate) fn within<F: Future>(
    chain: Option<Arc<Chain>>,
    section: Pin<&mut F>,
) -> impl Future<Output = F::Output> {
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
        Self { before: OF_TASK.try_with(|installed| installed.replace(Some(chain))).ok().flatten() }
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        // A thread that ends polls nothing any more.
        let _ = OF_TASK.try_with(|installed| installed.replace(self.before.take()));
    }
}
