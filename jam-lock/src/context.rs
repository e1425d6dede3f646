//! The locks that a thread or a task already holds, so that no acquisition deadlocks with its own owner
//! or violates the lock order.
//!
//! A thread has one list of held locks. A section of a task has a list of its own, linked to those of
//! the sections around it; its future makes that list the current one whenever it is polled or dropped.
//! So the lists move with the task from thread to thread, and futures that one task polls side by side
//! do not see each other's sections.

mod check;
mod held_locks;
mod section_future;
mod task_section;
mod thread;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use self::check::Check;
use self::held_locks::{HeldBy, HeldLock, Key};
use self::task_section::TaskSection;
use crate::engine::{LossMonitor, Mode, OwnerId};
use crate::error::LockError;
use crate::gate::{AcquireRequest, Gate, Grant};
use crate::name::LockName;
use crate::observer::Notifier;

pub(crate) use self::section_future::run_section;

/// The thread or task that acquires a lock, and whether a section or a guard will hold it.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    caller: Caller,
    held_by: HeldBy,
}

/// Where an acquisition comes from, which decides which held locks are checked.
#[derive(Clone, Debug)]
enum Caller {
    /// A thread.
    Thread,
    /// A thread that blocks inside a section of the task that it polls.
    ThreadInTask(Arc<TaskSection>),
    /// A new section of a task.
    TaskSection(Arc<TaskSection>),
    /// A task that acquires a guard inside a section, or outside of any. The guard is not registered,
    /// because it could belong to any of the task's futures.
    Task(Option<Arc<TaskSection>>),
}

/// Where a guard's lock is registered as held.
#[derive(Debug)]
pub(crate) enum Registration {
    /// In the list of the thread with this id.
    Thread(OwnerId, HeldBy),
    TaskSection(Arc<TaskSection>, HeldBy),
}

/// The grant of a reentrant acquisition: one more guard of a lock that the owner already holds.
pub(crate) struct ReentrantGrant {
    pub(crate) registration: Option<Registration>,
    pub(crate) number: u64,
    pub(crate) token: u64,
    pub(crate) loss_monitor: Option<Arc<dyn LossMonitor>>,
    pub(crate) notifier: Option<Arc<Notifier>>,
}

impl Owner {
    /// For a guard that this thread acquires.
    pub(crate) fn thread() -> Self {
        Self { caller: Caller::blocking(), held_by: HeldBy::Guard }
    }

    /// For a section of this thread.
    pub(crate) fn thread_section() -> Self {
        Self { caller: Caller::blocking(), held_by: HeldBy::ThreadSection }
    }

    /// For a guard that the current task acquires.
    pub(crate) fn task() -> Self {
        Self { caller: Caller::Task(section_future::current()), held_by: HeldBy::Guard }
    }

    /// For a section of the current task.
    pub(crate) fn task_section() -> Self {
        let section = Arc::new(TaskSection::inside(section_future::current()));
        Self { caller: Caller::TaskSection(section), held_by: HeldBy::TaskSection }
    }

    /// Identifies the owner to the engine, which may detect deadlocks between owners.
    pub(crate) fn id(&self) -> OwnerId {
        match &self.caller {
            Caller::Thread => thread::id(),
            Caller::ThreadInTask(section)
            | Caller::TaskSection(section)
            | Caller::Task(Some(section)) => section.owner(),
            Caller::Task(None) => OwnerId::NONE,
        }
    }

    /// Checks that `name` may be acquired from one of `gates`; returns a grant, and its gate, if the owner
    /// already holds the lock and may re-enter it.
    ///
    /// An acquisition that does not wait cannot deadlock, so a lock that is already held is no error here:
    /// the gate refuses it.
    pub(crate) fn check(
        &self,
        name: &LockName,
        gates: &[Arc<Gate>],
        request: &AcquireRequest,
        is_reentrant: bool,
        waits: bool,
    ) -> Result<Option<(Arc<Gate>, ReentrantGrant)>, LockError> {
        let mut check = Check::new(name, gates, request, is_reentrant);
        let found = match &self.caller {
            Caller::Thread => thread::find(|held| check.visit(held)),
            Caller::ThreadInTask(section) => section.find(|held| check.visit(held)),
            // The task's other futures do not hold a lock that blocking code holds.
            Caller::TaskSection(section) | Caller::Task(Some(section)) => section.find(|held| {
                (held.key.held_by == HeldBy::TaskSection).then(|| check.visit(held)).flatten()
            }),
            Caller::Task(None) => None,
        };
        if let Some(held) = found {
            let gate = gates.iter().find(|gate| address(gate) == held.key.gate);
            let reentered = gate.and_then(|gate| Some((gate, gate.reenter(held.key.number)?)));
            if let Some((gate, (token, loss_monitor))) = reentered {
                let grant = self.clone().reenter(held, token, loss_monitor);
                return Ok(Some((Arc::clone(gate), grant)));
            }
        }
        match check.error(waits) {
            Some(error) => Err(error),
            None => Ok(None),
        }
    }

    /// The locks that the owner holds as a writer, and that others may wait for until it goes on: the
    /// address of each gate, and the number of the acquisition there.
    pub(crate) fn held_as_writer(&self) -> Vec<(usize, u64)> {
        let mut found = Vec::new();
        let mut visit = |held: &HeldLock| {
            let key = (held.key.gate, held.key.number);
            if held.mode == Mode::Exclusive && !found.contains(&key) {
                found.push(key);
            }
            None::<()>
        };
        match &self.caller {
            Caller::Thread => drop(thread::find(visit)),
            Caller::ThreadInTask(section) => drop(section.find(visit)),
            // The task's other futures do not hold a lock that blocking code holds.
            Caller::TaskSection(section) | Caller::Task(Some(section)) => {
                section.find(|held| {
                    (held.key.held_by == HeldBy::TaskSection).then(|| visit(held)).flatten()
                });
            }
            Caller::Task(None) => {}
        }
        found
    }

    /// Registers a granted lock as held.
    pub(crate) fn register(
        self,
        name: &LockName,
        gate: &Arc<Gate>,
        request: &AcquireRequest,
        grant: &Grant,
        notifier: Option<&Arc<Notifier>>,
    ) -> Option<Registration> {
        let key = Key { gate: address(gate), number: grant.number, held_by: self.held_by };
        self.push(|| HeldLock {
            key,
            process: gate.process(),
            name: name.has_order().then(|| name.clone()),
            site: request.site,
            mode: request.mode,
            notifier: notifier.map(Arc::downgrade).unwrap_or_default(),
        })
    }

    /// Registers one more guard of the lock that is `held`.
    fn reenter(
        self,
        held: HeldLock,
        token: u64,
        loss_monitor: Option<Arc<dyn LossMonitor>>,
    ) -> ReentrantGrant {
        let (number, notifier, held_by) = (held.key.number, held.notifier.upgrade(), self.held_by);
        let registration = self.push(|| HeldLock { key: Key { held_by, ..held.key }, ..held });
        ReentrantGrant { registration, number, token, loss_monitor, notifier }
    }

    fn push(self, held: impl FnOnce() -> HeldLock) -> Option<Registration> {
        match self.caller {
            Caller::Thread => Some(Registration::Thread(thread::push(held()), self.held_by)),
            Caller::ThreadInTask(section) | Caller::TaskSection(section) => {
                section.push(held());
                Some(Registration::TaskSection(section, self.held_by))
            }
            Caller::Task(_) => None,
        }
    }
}

impl Caller {
    fn blocking() -> Self {
        section_future::current().map_or(Self::Thread, Self::ThreadInTask)
    }
}

impl Registration {
    /// Removes one guard of the acquisition `number` of `gate` from the list.
    pub(crate) fn remove(self, gate: &Arc<Gate>, number: u64) {
        let gate = address(gate);
        match self {
            Self::Thread(id, held_by) => thread::remove(id, Key { gate, number, held_by }),
            Self::TaskSection(section, held_by) => section.remove(Key { gate, number, held_by }),
        }
    }

    /// The section of a task that the guard belongs to.
    fn task_section(&self) -> Option<&Arc<TaskSection>> {
        match self {
            Self::TaskSection(section, HeldBy::TaskSection) => Some(section),
            Self::TaskSection(..) | Self::Thread(..) => None,
        }
    }
}

/// An id that no other thread or task has.
fn next_owner_id() -> OwnerId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    OwnerId(NEXT.fetch_add(1, Ordering::Relaxed))
}

fn address(gate: &Arc<Gate>) -> usize {
    Arc::as_ptr(gate).addr()
}
