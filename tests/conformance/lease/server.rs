//! The server: who has a lease, who waits for one, and what it remembers of both.

use std::collections::{HashMap, HashSet, VecDeque};

use jam_lock::engine::Mode;
use jam_lock::{Holder, State, Status};

use super::Flaw;

/// How far tokens rise from one lease to the next: who has it gives them out within its process.
pub(super) const SPARE: u64 = 1 << 20;

/// How a lease is given back.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    Clean,
    Abandoned,
}

/// What a client asks of the server. A number names the lease that is asked for, and for all time.
#[derive(Clone, Debug)]
pub(super) enum Request {
    Acquire {
        name: String,
        number: u64,
        mode: Mode,
        waits: bool,
        holder: Option<Holder>,
    },
    Publish {
        name: String,
        number: u64,
        holder: Option<Holder>,
        /// Whether the one before has left the lock abandoned, or has not recovered from who did.
        is_abandoned: bool,
    },
    /// Gives a lease back as it is left, or as it was found; or gives up the wait for it.
    Release {
        name: String,
        number: u64,
        left: Option<Ending>,
    },
}

/// What has become of what was asked for.
#[derive(Debug)]
pub(super) enum Outcome {
    Granted { token: u64, abandoned: Option<Holder> },
    Waiting,
    Over,
}

pub(crate) struct Server {
    flaw: Option<Flaw>,
    names: HashMap<String, Name>,
    ended_sessions: HashSet<usize>,
    /// What is over, so that a copy of the request that the network brings later changes nothing.
    over: HashSet<u64>,
}

#[derive(Default)]
struct Name {
    leases: Vec<Lease>,
    queue: VecDeque<Lease>,
    token: u64,
    /// Who has died with a lease, until somebody has left in order.
    died: Option<Holder>,
    last: Option<Holder>,
}

/// One that is held or waited for.
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
        Self { flaw, names: HashMap::new(), ended_sessions: HashSet::new(), over: HashSet::new() }
    }

    /// What a message does that has come through.
    pub(super) fn hear(&mut self, session: usize, request: Request) {
        if self.ended_sessions.contains(&session) {
            return;
        }
        match request {
            Request::Acquire { name, number, mode, waits, holder } => {
                let is_known = self.over.contains(&number) && !self.has(Flaw::TakesCopiesForNew);
                let has_it = |lease: &Lease| lease.number == number;
                let entry = self.names.entry(name.clone()).or_default();
                if is_known || entry.leases.iter().chain(&entry.queue).any(has_it) {
                    return;
                }
                let lease = Lease { session, number, mode, token: 0, abandoned: None, holder };
                entry.queue.push_back(lease);
                self.serve(&name);
                if !waits {
                    self.give_up(&name, number);
                }
            }
            Request::Publish { name, number, holder, is_abandoned } => {
                let Name { leases, died, .. } = self.names.entry(name).or_default();
                if let Some(lease) = leases.iter_mut().find(|lease| lease.number == number) {
                    let before = std::mem::replace(&mut lease.holder, holder);
                    *died = if is_abandoned { died.take().or(before) } else { None };
                }
            }
            Request::Release { name, number, left } => {
                self.give_up(&name, number);
                self.over.insert(number);
                let entry = self.names.entry(name.clone()).or_default();
                if let Some(at) = entry.leases.iter().position(|lease| lease.number == number) {
                    let lease = entry.leases.swap_remove(at);
                    entry.last.clone_from(&lease.holder);
                    match left {
                        Some(Ending::Clean) if lease.mode == Mode::Exclusive => entry.died = None,
                        Some(Ending::Abandoned) => entry.bury(lease),
                        _ => {}
                    }
                    self.serve(&name);
                }
            }
        }
    }

    /// Ends a session that was not heard of for too long.
    pub(super) fn end(&mut self, session: usize) {
        if !self.ended_sessions.insert(session) {
            return;
        }
        for entry in self.names.values_mut() {
            entry.queue.retain(|lease| lease.session != session);
            while let Some(at) = entry.leases.iter().position(|lease| lease.session == session) {
                let lease = entry.leases.swap_remove(at);
                entry.bury(lease);
            }
        }
        let names: Vec<_> = self.names.keys().cloned().collect();
        for name in names {
            self.serve(&name);
        }
    }

    pub(super) fn has_ended(&self, session: usize) -> bool {
        self.ended_sessions.contains(&session)
    }

    pub(super) fn outcome(&self, name: &str, number: u64) -> Outcome {
        let Some(entry) = self.names.get(name) else { return Outcome::Over };
        if let Some(lease) = entry.leases.iter().find(|lease| lease.number == number) {
            return Outcome::Granted { token: lease.token, abandoned: lease.abandoned.clone() };
        }
        let waits = entry.queue.iter().any(|lease| lease.number == number);
        if waits { Outcome::Waiting } else { Outcome::Over }
    }

    /// Whoever is recorded.
    pub(super) fn holder(&self, name: &str) -> Option<Holder> {
        let entry = self.names.get(name)?;
        let last = entry.last.clone().filter(|_| self.has(Flaw::NamesWhoHasLeft));
        entry.leases.iter().find_map(|lease| lease.holder.clone()).or(last)
    }

    /// How all the locks stand.
    pub(super) fn list(&self) -> Vec<Status> {
        let status = |(name, entry): (&String, &Name)| {
            let state = match entry.leases.first().map(|lease| lease.mode) {
                None => State::Free,
                Some(_) if self.has(Flaw::SaysThatAllIsFree) => State::Free,
                Some(Mode::Exclusive) => State::Writer,
                Some(Mode::Shared) => State::Readers(Some(entry.leases.len())),
            };
            Status::new(name, state)
                .held_by(self.holder(name).map(Box::new))
                .waited_for_by(Some(entry.queue.len()))
                .with_token(Some(entry.token))
                .abandoned_by(entry.died.clone().map(Box::new))
        };
        self.names.iter().map(status).collect()
    }

    /// The session of whoever has the lease.
    pub(super) fn session_of(&self, name: &str) -> Option<usize> {
        Some(self.names.get(name)?.leases.first()?.session)
    }

    pub(super) fn waiting(&self, name: &str) -> usize {
        self.names.get(name).map_or(0, |entry| entry.queue.len())
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn give_up(&mut self, name: &str, number: u64) {
        let entry = self.names.entry(name.to_owned()).or_default();
        if let Some(at) = entry.queue.iter().position(|lease| lease.number == number) {
            entry.queue.remove(at);
            self.over.insert(number);
            self.serve(name);
        }
    }

    /// Grants leases for as long as whoever is next can have one.
    fn serve(&mut self, name: &str) {
        let flaw = self.flaw;
        let Some(entry) = self.names.get_mut(name) else { return };
        loop {
            let next = if flaw == Some(Flaw::ServesLastFirst) {
                entry.queue.back()
            } else {
                entry.queue.front()
            };
            let Some(next) = next else { return };
            let is_free = entry.leases.is_empty() || flaw == Some(Flaw::LetsAllIn);
            let is_shared = next.mode == Mode::Shared
                && flaw != Some(Flaw::KnowsNoReaders)
                && entry.leases.iter().all(|lease| lease.mode == Mode::Shared);
            if !is_free && !is_shared {
                return;
            }
            let mut lease = if flaw == Some(Flaw::ServesLastFirst) {
                entry.queue.pop_back().expect("it was looked at")
            } else {
                entry.queue.pop_front().expect("it was looked at")
            };
            if lease.mode == Mode::Exclusive && flaw != Some(Flaw::GivesOneToken) {
                entry.token += 2 * SPARE;
            }
            lease.token = match lease.mode {
                Mode::Exclusive => entry.token,
                Mode::Shared => entry.token + SPARE + 1,
            };
            lease.abandoned = entry.died.clone().filter(|_| flaw != Some(Flaw::ForgetsDeaths));
            entry.leases.push(lease);
        }
    }
}

impl Name {
    /// Remembers who has died, unless somebody did before and nobody has mended it.
    fn bury(&mut self, lease: Lease) {
        if lease.mode == Mode::Exclusive && self.died.is_none() {
            self.died = lease.holder;
        }
    }
}
