//! [`Server`]: the leases, and the waits for them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, SystemTime};

use jam_lock::engine::Mode;
use jam_lock::{Holder, LastRun, State, Status};

use super::Flaw;

/// How far tokens rise from one lease to the next: the holder gives the ones in between to its process.
pub(super) const TOKEN_RESERVE: u64 = 1 << 20;

/// How a lease is released.
#[derive(Clone, Copy, Debug)]
pub(super) enum ReleasedAs {
    Clean,
    Abandoned,
}

/// A request of a client. Its number identifies the lease, and is never reused.
#[derive(Clone, Debug)]
pub(super) enum Request {
    Acquire {
        name: String,
        number: u64,
        mode: Mode,
        blocking: bool,
        holder: Option<Holder>,
    },
    Record {
        name: String,
        number: u64,
        holder: Option<Holder>,
        /// Whether the holder before it left the lock abandoned, or did not recover it.
        is_abandoned: bool,
    },
    /// Records a run of the holder, which has ended well.
    RecordRun {
        name: String,
        number: u64,
        run: Run,
    },
    /// Releases a lease, without any change if `released_as` is `None`; or cancels the wait for it.
    Release {
        name: String,
        number: u64,
        released_as: Option<ReleasedAs>,
    },
}

/// A run of a job, by the clock of the simulation.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) began: Duration,
    pub(super) period: Duration,
    pub(super) holder: Holder,
}

impl Run {
    pub(super) fn at(&self, now: Duration) -> LastRun {
        let Self { began, period, holder } = self;
        let age = now.saturating_sub(*began);
        LastRun::new(SystemTime::UNIX_EPOCH + *began, age, *period, Box::new(holder.clone()))
    }
}

/// The outcome of an acquire request.
#[derive(Debug)]
pub(super) enum Outcome {
    Granted { token: u64, abandoned: Option<Holder>, last_run: Option<Box<Run>> },
    Waiting,
    Over,
}

pub(crate) struct Server {
    flaw: Option<Flaw>,
    locks: HashMap<String, Lock>,
    ended_sessions: HashSet<usize>,
    /// The requests that are over, so that a copy that the network delivers later has no effect.
    over: HashSet<u64>,
}

#[derive(Default)]
struct Lock {
    leases: Vec<Lease>,
    queue: VecDeque<Lease>,
    token: u64,
    /// The holder that abandoned the lock, until a writer has released it cleanly.
    abandoned_by: Option<Holder>,
    last_holder: Option<Holder>,
    last_run: Option<Run>,
}

/// A lease that is held or waited for.
struct Lease {
    session: usize,
    number: u64,
    mode: Mode,
    token: u64,
    abandoned: Option<Holder>,
    holder: Option<Holder>,
}

impl Server {
    pub(super) fn new(flaw: Option<Flaw>) -> Self {
        Self { flaw, locks: HashMap::new(), ended_sessions: HashSet::new(), over: HashSet::new() }
    }

    /// Executes a request that has arrived.
    pub(super) fn handle(&mut self, session: usize, request: Request) {
        if self.ended_sessions.contains(&session) {
            return;
        }
        match request {
            Request::Acquire { name, number, mode, blocking, holder } => {
                let is_copy = self.over.contains(&number) && !self.has(Flaw::ExecutesCopies);
                let has_it = |lease: &Lease| lease.number == number;
                let lock = self.locks.entry(name.clone()).or_default();
                if is_copy || lock.leases.iter().chain(&lock.queue).any(has_it) {
                    return;
                }
                let lease = Lease { session, number, mode, token: 0, abandoned: None, holder };
                lock.queue.push_back(lease);
                self.grant(&name);
                if !blocking {
                    self.cancel(&name, number);
                }
            }
            Request::Record { name, number, holder, is_abandoned } => {
                let Lock { leases, abandoned_by, .. } = self.locks.entry(name).or_default();
                if let Some(lease) = leases.iter_mut().find(|lease| lease.number == number) {
                    let before = std::mem::replace(&mut lease.holder, holder);
                    *abandoned_by =
                        if is_abandoned { abandoned_by.take().or(before) } else { None };
                }
            }
            Request::RecordRun { name, number, run } => {
                let forgets = self.has(Flaw::ForgetsRuns);
                let Lock { leases, last_run, .. } = self.locks.entry(name).or_default();
                if leases.iter().any(|lease| lease.number == number) && !forgets {
                    *last_run = Some(run);
                }
            }
            Request::Release { name, number, released_as } => {
                self.cancel(&name, number);
                self.over.insert(number);
                let lock = self.locks.entry(name.clone()).or_default();
                if let Some(at) = lock.leases.iter().position(|lease| lease.number == number) {
                    let lease = lock.leases.swap_remove(at);
                    lock.last_holder.clone_from(&lease.holder);
                    match released_as {
                        Some(ReleasedAs::Clean) if lease.mode == Mode::Exclusive => {
                            lock.abandoned_by = None;
                        }
                        Some(ReleasedAs::Abandoned) => lock.note_abandonment(lease),
                        _ => {}
                    }
                    self.grant(&name);
                }
            }
        }
    }

    /// Ends a session whose client has been silent for too long.
    pub(super) fn end_session(&mut self, session: usize) {
        if !self.ended_sessions.insert(session) {
            return;
        }
        for lock in self.locks.values_mut() {
            lock.queue.retain(|lease| lease.session != session);
            while let Some(at) = lock.leases.iter().position(|lease| lease.session == session) {
                let lease = lock.leases.swap_remove(at);
                lock.note_abandonment(lease);
            }
        }
        let names: Vec<_> = self.locks.keys().cloned().collect();
        for name in names {
            self.grant(&name);
        }
    }

    pub(super) fn has_ended(&self, session: usize) -> bool {
        self.ended_sessions.contains(&session)
    }

    pub(super) fn outcome(&self, name: &str, number: u64) -> Outcome {
        let Some(lock) = self.locks.get(name) else { return Outcome::Over };
        if let Some(lease) = lock.leases.iter().find(|lease| lease.number == number) {
            let (token, abandoned) = (lease.token, lease.abandoned.clone());
            return Outcome::Granted {
                token,
                abandoned,
                last_run: lock.last_run.clone().map(Box::new),
            };
        }
        let waits = lock.queue.iter().any(|lease| lease.number == number);
        if waits { Outcome::Waiting } else { Outcome::Over }
    }

    /// The recorded holder.
    pub(super) fn holder(&self, name: &str) -> Option<Holder> {
        let lock = self.locks.get(name)?;
        let last = lock.last_holder.clone().filter(|_| self.has(Flaw::StaleHolder));
        lock.leases.iter().find_map(|lease| lease.holder.clone()).or(last)
    }

    /// The status of all locks.
    pub(super) fn list(&self, now: Duration) -> Vec<Status> {
        let status = |(name, lock): (&String, &Lock)| {
            let state = match lock.leases.first().map(|lease| lease.mode) {
                None => State::Free,
                Some(_) if self.has(Flaw::ListsAllAsFree) => State::Free,
                Some(Mode::Exclusive) => State::Writer,
                Some(Mode::Shared) => State::Readers(Some(lock.leases.len())),
            };
            Status::new(name, state)
                .held_by(self.holder(name).map(Box::new))
                .waited_for_by(Some(lock.queue.len()))
                .with_token(Some(lock.token))
                .abandoned_by(lock.abandoned_by.clone().map(Box::new))
                .with_last_run(lock.last_run.as_ref().map(|run| run.at(now)))
        };
        self.locks.iter().map(status).collect()
    }

    /// The session that has the lease.
    pub(super) fn session_of(&self, name: &str) -> Option<usize> {
        Some(self.locks.get(name)?.leases.first()?.session)
    }

    pub(super) fn waiting(&self, name: &str) -> usize {
        self.locks.get(name).map_or(0, |lock| lock.queue.len())
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn cancel(&mut self, name: &str, number: u64) {
        let lock = self.locks.entry(name.to_owned()).or_default();
        if let Some(at) = lock.queue.iter().position(|lease| lease.number == number) {
            lock.queue.remove(at);
            self.over.insert(number);
            self.grant(name);
        }
    }

    /// Grants leases to the waits at the head of the queue, as long as they are compatible.
    fn grant(&mut self, name: &str) {
        let flaw = self.flaw;
        let Some(lock) = self.locks.get_mut(name) else { return };
        loop {
            let next = if flaw == Some(Flaw::LastComeFirstServed) {
                lock.queue.back()
            } else {
                lock.queue.front()
            };
            let Some(next) = next else { return };
            let is_free = lock.leases.is_empty() || flaw == Some(Flaw::NoExclusion);
            let is_shared = next.mode == Mode::Shared
                && flaw != Some(Flaw::NoReaders)
                && lock.leases.iter().all(|lease| lease.mode == Mode::Shared);
            if !is_free && !is_shared {
                return;
            }
            let mut lease = if flaw == Some(Flaw::LastComeFirstServed) {
                lock.queue.pop_back().expect("it is not empty")
            } else {
                lock.queue.pop_front().expect("it is not empty")
            };
            if lease.mode == Mode::Exclusive && flaw != Some(Flaw::ConstantToken) {
                lock.token += 2 * TOKEN_RESERVE;
            }
            lease.token = match lease.mode {
                Mode::Exclusive => lock.token,
                Mode::Shared => lock.token + TOKEN_RESERVE + 1,
            };
            lease.abandoned =
                lock.abandoned_by.clone().filter(|_| flaw != Some(Flaw::NoAbandonmentReports));
            lock.leases.push(lease);
        }
    }
}

impl Lock {
    /// Records the holder that abandoned the lock, unless an earlier abandonment was not recovered.
    fn note_abandonment(&mut self, lease: Lease) {
        if lease.mode == Mode::Exclusive && self.abandoned_by.is_none() {
            self.abandoned_by = lease.holder;
        }
    }
}
