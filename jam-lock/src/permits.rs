//! [`Permits`]: the permits of a name that several may hold at once, each of which is a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::engine::Engine;
use crate::error::LockError;
use crate::gate::{self, Gate};
use crate::holder::Holder;
use crate::name::LockName;

/// The permits of one name in this process.
#[derive(Debug)]
pub(crate) struct Permits {
    /// A gate for each permit, in their order; the first one is that of the name itself.
    gates: Vec<Arc<Gate>>,
    /// The number of the permit that was last acquired here, from 0. It is tried first, so that a process
    /// alone costs no more than with a plain lock.
    last: AtomicUsize,
}

impl Permits {
    /// The permits of `name` at `engine`; none if it has only one.
    pub(crate) fn new(engine: &Arc<dyn Engine>, name: &LockName) -> Option<Arc<Self>> {
        let permits = name.permit_count();
        let gates = || (1..=permits).map(|permit| gate::gate(engine, &name.of_permit(permit)));
        (permits > 1)
            .then(|| Arc::new(Self { gates: gates().collect(), last: AtomicUsize::new(0) }))
    }

    pub(crate) fn gates(&self) -> &[Arc<Gate>] {
        &self.gates
    }

    /// Which permit to try first.
    pub(crate) fn first(&self) -> usize {
        self.last.load(Ordering::Relaxed)
    }

    /// Remembers that the permit `at` was acquired.
    pub(crate) fn acquired(&self, at: usize) {
        self.last.store(at, Ordering::Relaxed);
    }

    /// Looks at `count` permits from number `first` on, which are held, for one whose holder seems to have
    /// another number of permits; returns its number.
    pub(crate) fn find_disagreement(
        &self,
        permits: u16,
        first: usize,
        count: usize,
    ) -> Option<usize> {
        let order = (first..self.gates.len()).chain(0..first);
        let differs =
            |at: &usize| self.gates[*at].permits_of_holder().is_some_and(|there| there != permits);
        order.take(count).find(differs)
    }
}

/// Fails if the `holder` of a permit of `name`, whose first permit is at `gate`, has another number of
/// permits.
pub(crate) fn agree(
    name: &LockName,
    gate: &Gate,
    holder: Option<&Holder>,
) -> Result<(), LockError> {
    let Some((holder, there)) = holder.and_then(|it| Some((it, it.permits?))) else {
        return Ok(());
    };
    let here = name.permits();
    if u32::from(there) == here {
        return Ok(());
    }
    Err(LockError::PermitsDiffer {
        name: Box::new(name.clone()),
        location: gate.location().to_owned(),
        here,
        there: there.into(),
        holder: Box::new(holder.clone()),
    })
}
