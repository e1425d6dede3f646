//! The locks of the model with their records, and an oracle that sees who really waits for whom.

use std::collections::{BTreeSet, HashSet};
use std::sync::PoisonError;

use shuttle::sync::{Condvar, Mutex, MutexGuard};

use super::plan::Plan;

/// More than any plan needs.
const LOCKS: usize = 3;

/// What the processes share.
pub(super) struct World {
    pub(super) plans: Vec<Plan>,
    contents: Mutex<Contents>,
    changed: Condvar,
}

#[derive(Default)]
pub(super) struct Contents {
    pub(super) locks: [Lock; LOCKS],
    pub(super) dead: HashSet<usize>,
    pub(super) numbers: u64,
    /// What each owner really waits for, and the number of that wait.
    waits: Vec<Option<(usize, u64)>>,
    /// The waits that a search has ended.
    pub(super) failed: HashSet<u64>,
    /// The numbers of the waits in each cycle that has ever existed.
    cycles: HashSet<BTreeSet<u64>>,
}

#[derive(Default)]
pub(super) struct Lock {
    /// The owner that has the lock, as the system knows it.
    pub(super) holder: Option<usize>,
    /// What was written last; a process that dies leaves it.
    pub(super) record: Record,
}

/// The record of a lock.
#[derive(Clone, Default)]
pub(super) struct Record {
    /// The process that holds the lock, unless it was released.
    pub(super) process: Option<usize>,
    pub(super) token: u64,
    pub(super) waits: Vec<Wait>,
}

/// A wait, as it is published.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wait {
    pub(super) number: u64,
    pub(super) wanted: usize,
}

/// The process of the owner was killed.
#[derive(Debug)]
pub(super) struct Killed;

impl World {
    pub(super) fn new(plans: Vec<Plan>) -> Self {
        let contents = Contents { waits: vec![None; plans.len()], ..Contents::default() };
        Self { plans, contents: Mutex::new(contents), changed: Condvar::new() }
    }

    /// One step of a process.
    pub(super) fn step<R>(
        &self,
        process: usize,
        step: impl FnOnce(&mut Contents) -> R,
    ) -> Result<R, Killed> {
        let mut contents = self.lock();
        if contents.dead.contains(&process) {
            return Err(Killed);
        }
        let result = step(&mut contents);
        contents.observe();
        self.changed.notify_all();
        Ok(result)
    }

    /// One step of a process, once it is due.
    pub(super) fn step_when<R>(
        &self,
        process: usize,
        mut step: impl FnMut(&mut Contents) -> Option<R>,
    ) -> Result<R, Killed> {
        let mut contents = self.lock();
        loop {
            if contents.dead.contains(&process) {
                return Err(Killed);
            }
            if let Some(result) = step(&mut contents) {
                contents.observe();
                self.changed.notify_all();
                return Ok(result);
            }
            contents = self.changed.wait(contents).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Kills a process: the system releases its locks.
    pub(super) fn kill(&self, process: usize) {
        let mut contents = self.lock();
        contents.dead.insert(process);
        for (owner, plan) in self.plans.iter().enumerate() {
            if plan.process == process {
                contents.waits[owner] = None;
                contents.locks.iter_mut().for_each(|lock| {
                    lock.holder.take_if(|holder| *holder == owner);
                });
            }
        }
        contents.observe();
        self.changed.notify_all();
    }

    /// Checks that no lock is held, and that no living process has left a wait.
    pub(super) fn check_nothing_is_left(&self) {
        let contents = self.lock();
        for lock in &contents.locks {
            assert_eq!(lock.holder, None, "a lock is left held");
            let is_left = lock.record.process.is_some_and(|it| !contents.dead.contains(&it));
            assert!(!is_left, "a record is left");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    /// The owner is inside an acquisition from now on.
    pub(super) fn begin_wait(&mut self, owner: usize, wanted: usize) -> Wait {
        self.numbers += 1;
        self.waits[owner] = Some((wanted, self.numbers));
        Wait { number: self.numbers, wanted }
    }

    /// The acquisition has returned.
    pub(super) fn end_wait(&mut self, owner: usize) {
        self.waits[owner] = None;
    }

    /// Whether these waits were ever a cycle at one instant.
    pub(super) fn has_seen(&self, numbers: &BTreeSet<u64>) -> bool {
        self.cycles.contains(numbers)
    }

    /// Notes the cycles that there are now.
    fn observe(&mut self) {
        for first in 0..self.waits.len() {
            let mut numbers = BTreeSet::new();
            let mut owner = first;
            while let Some((wanted, number)) = self.waits[owner] {
                if !numbers.insert(number) {
                    break;
                }
                let Some(holder) = self.locks[wanted].holder else { break };
                if holder == first {
                    self.cycles.insert(numbers);
                    break;
                }
                owner = holder;
            }
        }
    }
}
