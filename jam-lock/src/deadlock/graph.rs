//! [`LockGraph`]: the locks of this process and of others, and what their holders wait for.

use std::sync::Arc;

use super::search::{Graph, Steps};
use crate::engine::{Engine, FoundWaits, RecordedWait};
use crate::error::DeadlockedOwner;
use crate::gate::{self, Gate, LocalHold, PendingWait};
use crate::holder::{Holder, HolderWait};
use crate::name::LockName;

/// The graph, as it is seen by the search for the cycle of one wait, if there is one.
pub(super) struct LockGraph {
    pub(super) own: Option<u64>,
    /// Whether folders are opened that this process has not opened; one that hangs blocks the search.
    pub(super) opens_folders: bool,
}

/// A lock, at the engine that arbitrates it.
#[derive(Clone)]
pub(super) struct LockRef {
    engine: Arc<dyn Engine>,
    name: LockName,
}

impl LockRef {
    pub(super) fn new(engine: &Arc<dyn Engine>, name: &LockName) -> Self {
        Self { engine: Arc::clone(engine), name: name.clone() }
    }

    pub(super) fn of(gate: &Gate) -> Self {
        Self::new(gate.engine(), gate.engine_name())
    }

    /// The holder in any process, if it is certain; blocks the thread while the engine looks for it.
    pub(super) fn holder(&self) -> Option<Box<Holder>> {
        gate::gate(&self.engine, &self.name).holder()
    }

    /// The same, as the status of the lock shows it, which may take longer.
    pub(super) fn listed_holder(&self) -> Option<Box<Holder>> {
        let status = gate::gate(&self.engine, &self.name).status().ok()?;
        status.holder().cloned().map(Box::new)
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.engine.identity() == other.engine.identity()
    }
}

/// The wait of the holder of a lock.
#[derive(Clone)]
pub(super) struct LockStep {
    pub(super) held: LockRef,
    pub(super) holder: Holder,
    wait: StepWait,
}

/// A wait of this process, or one that another process has recorded.
#[derive(Clone)]
enum StepWait {
    Here(Arc<PendingWait>),
    Elsewhere(Box<RecordedWait>, Option<LockRef>),
}

impl LockStep {
    pub(super) fn recorded(&self) -> RecordedWait {
        match &self.wait {
            StepWait::Here(wait) => wait.recorded(),
            StepWait::Elsewhere(wait, _) => (**wait).clone(),
        }
    }

    /// The lock that is waited for, unless it cannot be reached from here.
    pub(super) fn wanted(&self) -> Option<LockRef> {
        match &self.wait {
            StepWait::Here(wait) => Some(LockRef::of(&wait.wanted)),
            StepWait::Elsewhere(_, wanted) => wanted.clone(),
        }
    }

    /// Whether the engine of the lock that is waited for detects deadlocks among its locks itself.
    pub(super) fn is_left_to_engine(&self) -> bool {
        match &self.wait {
            StepWait::Here(wait) => wait.wanted.detects_deadlocks(),
            StepWait::Elsewhere(..) => false,
        }
    }

    /// The owner, for the error of the one that gives up.
    pub(super) fn to_owner(&self) -> DeadlockedOwner {
        let wait = HolderWait { recorded: self.recorded(), holder: None, closes_cycle: false };
        DeadlockedOwner {
            lock: self.held.name.to_string(),
            location: self.held.engine.location(),
            holder: self.holder.clone(),
            wait,
        }
    }
}

/// Numbers are unique in a process; a holder that is reported anew differs in how long it has held
/// the lock.
impl PartialEq for LockStep {
    fn eq(&self, other: &Self) -> bool {
        let id = |step: &Self| {
            let RecordedWait { number, name, location, .. } = step.recorded();
            (step.holder.process, step.holder.token, number, name, location)
        };
        id(self) == id(other)
    }
}

impl Graph for LockGraph {
    type Lock = Option<LockRef>;
    type Step = LockStep;

    fn steps(&mut self, lock: &Option<LockRef>) -> Steps<LockStep> {
        let Some(lock) = lock else { return Steps::Known(Vec::new()) };
        let step = |holder: &Holder, wait| {
            let (held, holder) = (lock.clone(), holder.clone());
            LockStep { held, holder, wait }
        };
        let local = gate::existing(&*lock.engine, &lock.name);
        match local.map_or(LocalHold::None, |gate| gate.local_hold()) {
            LocalHold::NoWriter => return Steps::Known(Vec::new()),
            LocalHold::Writer { holder, waits } => {
                let waits = waits.into_iter().map(StepWait::Here);
                return Steps::Known(waits.map(|wait| step(&holder, wait)).collect());
            }
            LocalHold::None => {}
        }
        match lock.engine.find_waits(&lock.name) {
            FoundWaits::None => Steps::Known(Vec::new()),
            FoundWaits::Unconfirmed => Steps::Unknown,
            FoundWaits::Waiting(holder, waits) => {
                let waits =
                    waits.into_iter().map(|wait| lock.recorded_wait(wait, self.opens_folders));
                Steps::Known(waits.map(|wait| step(&holder, wait)).collect())
            }
        }
    }

    fn wanted(&self, step: &LockStep) -> Option<LockRef> {
        step.wanted()
    }

    fn number(&self, step: &LockStep) -> u64 {
        match &step.wait {
            StepWait::Here(wait) => wait.number,
            StepWait::Elsewhere(wait, _) => wait.number,
        }
    }

    fn is_own(&self, step: &LockStep) -> bool {
        matches!(&step.wait, StepWait::Here(wait) if Some(wait.number) == self.own)
    }
}

impl LockRef {
    /// A wait that is recorded at this lock.
    fn recorded_wait(&self, wait: RecordedWait, opens_folders: bool) -> StepWait {
        let is_same = wait.location == self.engine.location();
        let engine = if is_same {
            Some(Arc::clone(&self.engine))
        } else {
            opens_folders.then(|| self.engine.open_recorded(&wait.location)).flatten()
        };
        let name = LockName::new(&*wait.name).ok();
        let wanted = engine.zip(name).map(|(engine, name)| Self { engine, name });
        StepWait::Elsewhere(Box::new(wait), wanted)
    }
}
