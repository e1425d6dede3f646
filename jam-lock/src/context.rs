//! What a thread or a task holds already, so that nobody waits for itself, or against the lock
//! order.
//!
//! A thread has a list. A section in a task has a link of its own in a chain, which its future
//! installs around every poll: so the chain goes along when a task moves between threads, and
//! futures that one task polls side by side do not see each other's sections.

mod chain;
mod list;
mod thread;
mod within;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use self::chain::Chain;
use crate::engine::{CallChain, Mode, Watch};
use crate::gate::{Acquisition, Gate, Grant};
use crate::observer::Report;
use crate::site::Site;
use crate::{LockError, LockName};

pub(crate) use self::within::within;

/// A lock that is held.
#[derive(Debug)]
struct Held {
    /// Where its gate is, which lives for as long as its guards do.
    gate: usize,
    /// The acquisition's number there.
    number: u64,
    /// Whose it is: a fork inherits what is listed, and none of the locks.
    process: u32,
    /// What stands in the lock order.
    name: Option<LockName>,
    site: Site,
    mode: Mode,
    by: By,
    /// How many guards stand for it here.
    guards: usize,
    report: Option<Arc<Report>>,
}

/// What a lock was acquired for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    /// For the section whose link it is in.
    Section,
    /// For a thread, which would have blocked.
    Thread,
}

/// Who asks, and so what counts.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// A thread, which blocks.
    Thread,
    /// A thread that blocks in a section of the task which it polls.
    ThreadInTask(Arc<Chain>),
    /// A section in a task: a link of its own.
    Section(Arc<Chain>),
    /// A task, by hand: nobody knows to which of its futures the guard belongs, so it is not kept.
    Task(Option<Arc<Chain>>),
}

/// Where a guard's lock is listed as held.
#[derive(Clone, Debug)]
pub(crate) enum Home {
    /// In the list of the thread with this number.
    Thread(u64),
    Chain(Arc<Chain>),
}

/// What is run under the acquisition of somebody further out.
pub(crate) struct Reentry {
    pub(crate) home: Home,
    pub(crate) number: u64,
    pub(crate) token: u64,
    pub(crate) watch: Option<Arc<dyn Watch>>,
    pub(crate) report: Option<Arc<Report>>,
}

impl Scope {
    /// For an acquisition that blocks this thread.
    pub(crate) fn thread() -> Self {
        within::installed().map_or(Self::Thread, Self::ThreadInTask)
    }

    /// For a section of the task that is being polled.
    pub(crate) fn section() -> Self {
        Self::Section(Arc::new(Chain::after(within::installed())))
    }

    /// For an acquisition by hand in the task that is being polled.
    pub(crate) fn task() -> Self {
        Self::Task(within::installed())
    }

    /// Tells call chains apart, which hold locks one inside another.
    pub(crate) fn number(&self) -> CallChain {
        match self {
            Self::Thread => thread::number().map_or(CallChain::NONE, CallChain),
            Self::ThreadInTask(chain) | Self::Section(chain) | Self::Task(Some(chain)) => {
                CallChain(chain.number())
            }
            Self::Task(None) => CallChain::NONE,
        }
    }

    /// Whether `gate` may be waited for by this `name`; a re-entry where it is held and that is fine.
    pub(crate) fn check(
        &self,
        name: &LockName,
        gate: &Arc<Gate>,
        asked: &Acquisition,
        is_reentrant: bool,
    ) -> Result<Option<Reentry>, LockError> {
        let mut look = Look { name, gate, asked, is_reentrant, objection: None };
        let found = match self {
            Self::Thread => thread::find(|held| look.at(held)),
            Self::ThreadInTask(chain) => chain.find(|held| look.at(held)),
            // A guard that a task keeps across an await is no part of the other futures that it
            // polls.
            Self::Section(chain) | Self::Task(Some(chain)) => {
                chain.find(|held| (held.by == By::Section).then(|| look.at(held)).flatten())
            }
            Self::Task(None) => None,
        };
        match (found, look.objection) {
            (Some((home, Ok(again))), _) => Ok(Some(again.at(home))),
            (Some((_, Err(error))), _) | (None, Some(error)) => Err(error),
            (None, None) => Ok(None),
        }
    }

    /// Lists what was granted, and tells where.
    pub(crate) fn enter(
        self,
        name: &LockName,
        gate: &Arc<Gate>,
        asked: &Acquisition,
        grant: &Grant,
        report: Option<&Arc<Report>>,
    ) -> Option<Home> {
        let by = if matches!(self, Self::Section(_)) { By::Section } else { By::Thread };
        let held = || Held {
            gate: address(gate),
            number: grant.number,
            process: gate.process(),
            name: name.has_order().then(|| name.clone()),
            site: asked.site,
            mode: asked.mode,
            by,
            guards: 1,
            report: report.cloned(),
        };
        match self {
            Self::Thread => thread::enter(held).map(Home::Thread),
            Self::ThreadInTask(chain) | Self::Section(chain) => {
                chain.enter(held());
                Some(Home::Chain(chain))
            }
            Self::Task(_) => None,
        }
    }
}

impl Home {
    /// Takes one guard of the acquisition `number` of `gate` off the list.
    pub(crate) fn leave(&self, gate: &Arc<Gate>, number: u64) {
        match self {
            Self::Thread(thread) => thread::leave(*thread, address(gate), number),
            Self::Chain(chain) => chain.leave(address(gate), number),
        }
    }
}

/// A look at what is held, lock by lock.
struct Look<'a> {
    name: &'a LockName,
    gate: &'a Arc<Gate>,
    asked: &'a Acquisition,
    is_reentrant: bool,
    /// What is against it if the lock itself is not held.
    objection: Option<LockError>,
}

/// A lock that may be entered again.
struct Again {
    number: u64,
    token: u64,
    watch: Option<Arc<dyn Watch>>,
    report: Option<Arc<Report>>,
}

impl Again {
    fn at(self, home: Home) -> Reentry {
        let Self { number, token, watch, report } = self;
        Reentry { home, number, token, watch, report }
    }
}

impl Look<'_> {
    /// What follows where `held` is what is asked for.
    fn at(&mut self, held: &mut Held) -> Option<Result<Again, LockError>> {
        if held.gate != address(self.gate) {
            self.objection = self.objection.take().or_else(|| self.against_order(held));
            return None;
        }
        let is_enough = held.mode == Mode::Exclusive || self.asked.mode == Mode::Shared;
        if !(self.is_reentrant && is_enough) {
            return Some(Err(self.reentrant(held)));
        }
        // Another thread may just have released it.
        let (token, watch) = self.gate.reenter(held.number)?;
        held.guards += 1;
        Some(Ok(Again { number: held.number, token, watch, report: held.report.clone() }))
    }

    fn reentrant(&self, held: &Held) -> LockError {
        LockError::Reentrant {
            name: Box::new(self.name.clone()),
            asked_at: self.asked.site,
            held_at: held.site,
            remedy: if self.is_reentrant {
                "it is held as a reader, which cannot become a writer: \
                 acquire it as a writer first"
            } else {
                "release it before, or say `reentrant` to run under the lock that is held"
            },
        }
    }

    fn against_order(&self, held: &Held) -> Option<LockError> {
        let outer = held.name.as_ref().filter(|it| self.name.is_declared_before(it))?;
        Some(LockError::Order {
            name: Box::new(self.name.clone()),
            asked_at: self.asked.site,
            held: Box::new(outer.clone()),
            held_at: held.site,
        })
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
