//! What a call chain holds already, so that nobody waits for itself, or against the lock order.
//!
//! A thread has one chain. A section in a task has a link of its own, which its future installs
//! around every poll: so the chain goes along when a task moves between threads, and futures that
//! one task polls side by side do not see each other's sections.

mod within;

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::{Left, Mode};
use crate::gate::{Acquisition, Gate, Grant};
use crate::observer::Report;
use crate::site::Site;
use crate::{LockError, LockName};

pub(crate) use self::within::within;

thread_local! {
    static OF_THREAD: Arc<Chain> = Arc::new(Chain::after(None));
    /// The innermost section of the task that is being polled.
    static OF_TASK: RefCell<Option<Arc<Chain>>> = const { RefCell::new(None) };
}

/// What is held, and after that, what the sections around it hold.
#[derive(Debug)]
pub(crate) struct Chain {
    outer: Option<Arc<Self>>,
    held: Mutex<Vec<Held>>,
    /// How many there are, to be looked at without the mutex: only who owns the chain adds any.
    count: AtomicUsize,
}

/// A lock that the chain holds.
#[derive(Debug)]
struct Held {
    /// Where its gate is, which lives for as long as its guards do.
    gate: usize,
    /// What stands in the lock order.
    name: Option<LockName>,
    site: Site,
    mode: Mode,
    by: By,
    number: u64,
    token: u64,
    report: Option<Arc<Report>>,
    /// How many guards stand for it.
    guards: usize,
    left: Left,
}

/// How a lock came into a chain.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    /// It is its section that installs the chain.
    Section,
    /// A thread blocked for it, or would have.
    Thread,
}

/// Who asks, and so which chain counts.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// A thread blocks: the task's chain where one is installed, else the thread's.
    Thread(Option<Arc<Chain>>),
    /// A section in a task: a link of its own.
    Section(Arc<Chain>),
    /// A task, by hand: nobody knows to which of its futures the guard belongs, so it is not kept.
    Task(Option<Arc<Chain>>),
}

/// What is run under the acquisition of somebody further out.
pub(crate) struct Reentry {
    pub(crate) chain: Arc<Chain>,
    pub(crate) number: u64,
    pub(crate) token: u64,
    pub(crate) report: Option<Arc<Report>>,
}

impl Scope {
    /// For an acquisition that blocks this thread.
    pub(crate) fn thread() -> Self {
        // A thread that ends has no chain any more, and nothing further to run.
        Self::Thread(of_task().or_else(|| OF_THREAD.try_with(Arc::clone).ok()))
    }

    /// For a section of the task that is being polled.
    pub(crate) fn section() -> Self {
        Self::Section(Arc::new(Chain::after(of_task())))
    }

    /// For an acquisition by hand in the task that is being polled.
    pub(crate) fn task() -> Self {
        Self::Task(of_task())
    }

    /// Whether `gate` may be waited for; a re-entry where the chain holds it and that is fine.
    pub(crate) fn check(
        &self,
        gate: &Arc<Gate>,
        asked: &Acquisition,
        is_reentrant: bool,
    ) -> Result<Option<Reentry>, LockError> {
        let (chain, is_blocking) = match self {
            Self::Thread(chain) => (chain.as_ref(), true),
            Self::Section(chain) => (Some(chain), false),
            Self::Task(chain) => (chain.as_ref(), false),
        };
        let Some(chain) = chain else { return Ok(None) };
        // A guard that a task keeps across an await is no part of the other futures that it polls.
        let counts = |held: &Held| is_blocking || held.by == By::Section;
        let mut objection = None;
        for link in chain.links().filter(|link| !link.is_empty()) {
            for held in link.held().iter_mut().filter(|held| counts(held)) {
                if held.gate != address(gate) {
                    objection = objection.or_else(|| against_order(gate, asked, held));
                    continue;
                }
                let is_enough = held.mode == Mode::Exclusive || asked.mode == Mode::Shared;
                if !(is_reentrant && is_enough) {
                    return Err(reentrant(gate, asked, held, is_reentrant));
                }
                held.guards += 1;
                let (number, token, report) = (held.number, held.token, held.report.clone());
                return Ok(Some(Reentry { chain: Arc::clone(link), number, token, report }));
            }
        }
        objection.map_or(Ok(None), Err)
    }

    /// Adds what was granted, and tells where its guard finds it.
    pub(crate) fn enter(
        self,
        gate: &Arc<Gate>,
        asked: &Acquisition,
        grant: &Grant,
        report: Option<&Arc<Report>>,
    ) -> Option<Arc<Chain>> {
        let (chain, by) = match self {
            Self::Thread(chain) => (chain?, By::Thread),
            Self::Section(chain) => (chain, By::Section),
            Self::Task(_) => return None,
        };
        let mut entered = chain.held();
        entered.push(Held {
            gate: address(gate),
            name: gate.name().has_order().then(|| gate.name().clone()),
            site: asked.site,
            mode: asked.mode,
            by,
            number: grant.number,
            token: grant.publication.token,
            report: report.cloned(),
            guards: 1,
            left: Left::InOrder,
        });
        chain.count.store(entered.len(), Ordering::Relaxed);
        drop(entered);
        Some(chain)
    }
}

impl Chain {
    fn after(outer: Option<Arc<Self>>) -> Self {
        Self { outer, held: Mutex::default(), count: AtomicUsize::new(0) }
    }

    fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Takes a guard of `gate` out; where it was the last one, tells how the lock is to be left.
    pub(crate) fn leave(&self, gate: &Arc<Gate>, left: Left) -> Option<Left> {
        let mut held = self.held();
        let at = held.iter().position(|held| held.gate == address(gate))?;
        let it = &mut held[at];
        it.guards -= 1;
        if left == Left::Abandoned {
            it.left = left;
        }
        let (left, is_last) = (it.left, it.guards == 0);
        if is_last {
            self.remove(&mut held, at);
        }
        is_last.then_some(left)
    }

    /// Takes the only guard of `gate` out, which goes on without a chain; `false` where it is not
    /// the only one.
    pub(crate) fn detach(&self, gate: &Arc<Gate>) -> bool {
        let mut held = self.held();
        let at = held.iter().position(|held| held.guards == 1 && held.gate == address(gate));
        at.map(|at| self.remove(&mut held, at)).is_some()
    }

    fn remove(&self, held: &mut Vec<Held>, at: usize) {
        held.remove(at);
        self.count.store(held.len(), Ordering::Relaxed);
    }

    /// This one and those around it.
    fn links(self: &Arc<Self>) -> impl Iterator<Item = &Arc<Self>> {
        std::iter::successors(Some(self), |link| link.outer.as_ref())
    }

    /// Nothing else runs under the mutex, so a poisoned one holds nothing half-done.
    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reentrant(gate: &Gate, asked: &Acquisition, held: &Held, is_reentrant: bool) -> LockError {
    LockError::Reentrant {
        name: Box::new(gate.name().clone()),
        asked_at: asked.site,
        held_at: held.site,
        remedy: if is_reentrant {
            "it is held as a reader, which cannot become a writer: acquire it as a writer first"
        } else {
            "release it before, or say `reentrant` to run under the lock that is held"
        },
    }
}

/// An error where `gate` is declared before what is held.
fn against_order(gate: &Gate, asked: &Acquisition, held: &Held) -> Option<LockError> {
    let name = held.name.as_ref().filter(|name| gate.name().is_declared_before(name))?;
    Some(LockError::Order {
        name: Box::new(gate.name().clone()),
        asked_at: asked.site,
        held: Box::new(name.clone()),
        held_at: held.site,
    })
}

fn address(gate: &Arc<Gate>) -> usize {
    Arc::as_ptr(gate).addr()
}

fn of_task() -> Option<Arc<Chain>> {
    OF_TASK.try_with(|chain| chain.borrow().clone()).ok().flatten()
}
