//! What a thread or a task holds already, so that nobody waits for itself, or against the lock
//! order.
//!
//! A thread has a list. A section in a task has a link of its own in a chain, which its future
//! installs around every poll, and around the drop of what it ran: so the chain goes along when a
//! task moves between threads, and futures that one task polls side by side do not see each other's
//! sections.

mod chain;
mod list;
mod look;
mod thread;
mod within;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use self::chain::Chain;
use self::look::Look;
use crate::engine::{LossMonitor, Mode, OwnerId, ProcessId};
use crate::error::LockError;
use crate::gate::{AcquireRequest, Gate, Grant};
use crate::name::LockName;
use crate::observer::Report;
use crate::site::Site;

pub(crate) use self::within::within;

/// A lock that is held by one guard: one that is entered again has several entries.
///
/// It keeps nothing of the user's alive, because it is dropped under a borrow or a mutex.
#[derive(Clone, Debug)]
struct Held {
    key: Key,
    /// Whose it is: a fork inherits what is listed, and none of the locks.
    process: ProcessId,
    /// What stands in the lock order.
    name: Option<LockName>,
    site: Site,
    mode: Mode,
    report: Weak<Report>,
}

/// What tells the entries of a list apart.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    /// Where the gate is, which lives for as long as its guards do.
    gate: usize,
    /// The acquisition's number there.
    number: u64,
    kind: Kind,
}

/// What holds a lock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A section of a task, whose guard is a local of generated code.
    AsyncSection,
    /// A section of a thread, likewise.
    Section,
    /// A guard by hand, which may be with another thread or task by now.
    Guard,
}

/// Who acquires a lock, and so which of those that are held count.
#[derive(Clone, Debug)]
pub(crate) struct Scope(Owner, Kind);

#[derive(Clone, Debug)]
enum Owner {
    /// A thread, which blocks.
    Thread,
    /// A thread that blocks in a section of the task which it polls.
    ThreadInTask(Arc<Chain>),
    /// A section in a task: a link of its own.
    Section(Arc<Chain>),
    /// A task, by hand: nobody knows to which of its futures the guard belongs, so it is not listed.
    Task(Option<Arc<Chain>>),
}

/// Where a guard's lock is listed as held.
#[derive(Debug)]
pub(crate) enum Listing {
    /// In the list of the thread with this number.
    Thread(u64, Kind),
    Chain(Arc<Chain>, Kind),
}

/// What is run under the acquisition of somebody further out.
pub(crate) struct Reentry {
    pub(crate) listing: Option<Listing>,
    pub(crate) number: u64,
    pub(crate) token: u64,
    pub(crate) watch: Option<Arc<dyn LossMonitor>>,
    pub(crate) report: Option<Arc<Report>>,
}

impl Scope {
    /// For an acquisition by hand that blocks this thread.
    pub(crate) fn thread() -> Self {
        Self(Owner::blocking(), Kind::Guard)
    }

    /// For a section of this thread, which blocks it.
    pub(crate) fn thread_section() -> Self {
        Self(Owner::blocking(), Kind::Section)
    }

    /// For a section of the task that is being polled.
    pub(crate) fn section() -> Self {
        Self(Owner::Section(Arc::new(Chain::after(within::installed()))), Kind::AsyncSection)
    }

    /// For an acquisition by hand in the task that is being polled.
    pub(crate) fn task() -> Self {
        Self(Owner::Task(within::installed()), Kind::Guard)
    }

    /// Tells owners apart, which hold locks one inside another.
    pub(crate) fn number(&self) -> OwnerId {
        match &self.0 {
            Owner::Thread => OwnerId(thread::number()),
            Owner::ThreadInTask(chain) | Owner::Section(chain) | Owner::Task(Some(chain)) => {
                OwnerId(chain.number())
            }
            Owner::Task(None) => OwnerId::NONE,
        }
    }

    /// Whether `name` may be acquired from `gate`; a re-entry where it is held and that is fine.
    ///
    /// What does not wait cannot wait for itself: the gate refuses it as it refuses anybody.
    pub(crate) fn check(
        &self,
        name: &LockName,
        gate: &Arc<Gate>,
        request: &AcquireRequest,
        is_reentrant: bool,
        waits: bool,
    ) -> Result<Option<Reentry>, LockError> {
        let mut look = Look::new(name, address(gate), request, is_reentrant);
        let found = match &self.0 {
            Owner::Thread => thread::find(|held| look.at(held)),
            Owner::ThreadInTask(chain) => chain.find(|held| look.at(held)),
            // What blocks a thread is no part of the other futures that the task polls.
            Owner::Section(chain) | Owner::Task(Some(chain)) => chain.find(|held| {
                (held.key.kind == Kind::AsyncSection).then(|| look.at(held)).flatten()
            }),
            Owner::Task(None) => None,
        };
        if let Some(held) = found {
            if let Some((token, watch)) = gate.reenter(held.key.number) {
                return Ok(Some(self.clone().reenter(held, token, watch)));
            }
        }
        match look.objection(waits) {
            Some(error) => Err(error),
            None => Ok(None),
        }
    }

    /// Lists what was granted, and returns where.
    pub(crate) fn enter(
        self,
        name: &LockName,
        gate: &Arc<Gate>,
        request: &AcquireRequest,
        grant: &Grant,
        report: Option<&Arc<Report>>,
    ) -> Option<Listing> {
        let key = Key { gate: address(gate), number: grant.number, kind: self.1 };
        self.list(|| Held {
            key,
            process: gate.process(),
            name: name.has_order().then(|| name.clone()),
            site: request.site,
            mode: request.mode,
            report: report.map(Arc::downgrade).unwrap_or_default(),
        })
    }

    /// Lists one more guard of what is `held`.
    fn reenter(self, held: Held, token: u64, watch: Option<Arc<dyn LossMonitor>>) -> Reentry {
        let (number, report, kind) = (held.key.number, held.report.upgrade(), self.1);
        let listing = self.list(|| Held { key: Key { kind, ..held.key }, ..held });
        Reentry { listing, number, token, watch, report }
    }

    fn list(self, held: impl FnOnce() -> Held) -> Option<Listing> {
        let Self(owner, kind) = self;
        match owner {
            Owner::Thread => Some(Listing::Thread(thread::enter(held()), kind)),
            Owner::ThreadInTask(chain) | Owner::Section(chain) => {
                chain.enter(held());
                Some(Listing::Chain(chain, kind))
            }
            Owner::Task(_) => None,
        }
    }
}

impl Owner {
    fn blocking() -> Self {
        within::installed().map_or(Self::Thread, Self::ThreadInTask)
    }
}

impl Listing {
    /// Takes one guard of the acquisition `number` of `gate` off the list.
    pub(crate) fn leave(self, gate: &Arc<Gate>, number: u64) {
        let gate = address(gate);
        match self {
            Self::Thread(thread, kind) => thread::leave(thread, Key { gate, number, kind }),
            Self::Chain(chain, kind) => chain.leave(Key { gate, number, kind }),
        }
    }

    /// The link of the section in a task that the guard is for.
    fn section(&self) -> Option<&Arc<Chain>> {
        match self {
            Self::Chain(chain, Kind::AsyncSection) => Some(chain),
            Self::Chain(..) | Self::Thread(..) => None,
        }
    }
}

/// A number that no other thread or chain of sections has.
fn next_number() -> u64 {
    static GIVEN: AtomicU64 = AtomicU64::new(1);
    GIVEN.fetch_add(1, Ordering::Relaxed)
}

fn address(gate: &Arc<Gate>) -> usize {
    Arc::as_ptr(gate).addr()
}
