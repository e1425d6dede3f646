//! The clocks and the network.

use std::sync::{Condvar, Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

use fastrand::Rng;

use super::Flaw;
use super::server::{Request, Server};

/// After how long without an answer a client counts its leases as lost.
const PATIENCE: Duration = Duration::from_secs(3);

/// After how long without a word of a client the server gives its leases to others.
const LEASE: Duration = Duration::from_secs(5);

/// How often clients send a sign of life, and what they have no answer to.
const HEARTBEAT: Duration = Duration::from_millis(200);

/// The longest that a message takes.
const DELAY: Duration = Duration::from_millis(20);

/// All that several processes share.
pub(crate) struct World {
    pub(super) flaw: Option<Flaw>,
    state: Mutex<State>,
    changed: Condvar,
}

pub(crate) struct State {
    now: Duration,
    random: Rng,
    pub(super) server: Server,
    sessions: Vec<Session>,
    /// What the network delivers once more.
    copies: Vec<(usize, Request)>,
    numbers: u64,
    keeps_losses_quiet: bool,
    rung: Vec<Waker>,
}

/// A client's connection to the server.
struct Session {
    /// When the server last heard of the client, and the client of the server.
    heard_of: Duration,
    hears: Duration,
    is_cut: bool,
    loss: Option<String>,
    wakers: Vec<Waker>,
}

impl World {
    pub(crate) fn new(seed: u64, flaw: Option<Flaw>) -> Self {
        let state = State {
            now: Duration::ZERO,
            random: Rng::with_seed(seed),
            server: Server::new(flaw),
            sessions: Vec::new(),
            copies: Vec::new(),
            numbers: 0,
            keeps_losses_quiet: flaw == Some(Flaw::KeepsLossesQuiet),
            rung: Vec::new(),
        };
        Self { flaw, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Does something in no time but that which it lets pass.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let done = act(&mut state);
        let rung = std::mem::take(&mut state.rung);
        drop(state);
        self.changed.notify_all();
        rung.into_iter().for_each(Waker::wake);
        done
    }

    /// Waits until `look` finds something.
    pub(super) fn until<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(found) = look(&mut state) {
                return found;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Cuts off whoever has the lease, for so long that all who are concerned know of it.
    pub(crate) fn cut_off_holder(&self, name: &str) {
        self.with(|state| {
            let session = state.server.session_of(name).expect("somebody has it");
            state.sessions[session].is_cut = true;
            state.pass(2 * LEASE);
        });
    }

    /// Waits until so many wait in the server.
    pub(crate) fn until_waiting(&self, name: &str, count: usize) {
        self.until(|state| (state.server.waiting(name) >= count).then_some(()));
    }
}

impl State {
    /// A number that nothing else has.
    pub(super) fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Begins a session.
    pub(super) fn open(&mut self) -> usize {
        let (heard_of, hears) = (self.now, self.now);
        let wakers = Vec::new();
        self.sessions.push(Session { heard_of, hears, is_cut: false, loss: None, wakers });
        self.sessions.len() - 1
    }

    /// Sends a request until it is answered, or its session is over.
    pub(super) fn send(&mut self, session: usize, request: &Request) {
        while !self.is_over(session) {
            let delay = DELAY.mul_f64(self.random.f64());
            self.pass(delay);
            self.deliver_copies();
            if !self.sessions[session].is_cut {
                let (is_delivered, is_answered, is_copied) = match self.random.u32(..10) {
                    0 => (false, false, false),
                    1 => (true, false, false),
                    2 => (true, true, true),
                    _ => (true, true, false),
                };
                if is_copied {
                    self.copies.push((session, request.clone()));
                }
                if is_delivered {
                    self.server.hear(session, request.clone());
                }
                if is_answered {
                    return;
                }
            }
            self.pass(HEARTBEAT);
        }
    }

    /// Why the leases of `session` are lost, if they are.
    pub(super) fn loss(&self, session: usize) -> Option<&str> {
        self.sessions[session].loss.as_deref().filter(|_| !self.keeps_losses_quiet)
    }

    /// Whether there is nothing to be had by `session` any more.
    pub(super) fn is_over(&self, session: usize) -> bool {
        self.sessions[session].loss.is_some()
    }

    pub(super) fn on_loss(&mut self, session: usize, waker: &Waker) {
        if self.loss(session).is_some() {
            self.rung.push(waker.clone());
        } else {
            self.sessions[session].wakers.push(waker.clone());
        }
    }

    /// Lets time pass on all clocks.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now = end.min(self.now + HEARTBEAT);
            for number in 0..self.sessions.len() {
                self.beat(number);
            }
        }
    }

    /// A sign of life and its answer, either of which may be lost; and what follows without it.
    fn beat(&mut self, number: usize) {
        let session = &mut self.sessions[number];
        if !session.is_cut && session.loss.is_none() && self.random.u32(..10) > 0 {
            session.heard_of = self.now;
            if self.random.u32(..10) > 0 {
                session.hears = self.now;
            }
        }
        if session.loss.is_none() && self.now > session.hears + PATIENCE {
            session.loss = Some("the server has not answered for too long".to_owned());
            self.rung.append(&mut session.wakers);
        }
        if !self.server.has_ended(number) && self.now > session.heard_of + LEASE {
            self.server.end(number);
        }
    }

    fn deliver_copies(&mut self) {
        while !self.copies.is_empty() && self.random.u32(..4) == 0 {
            let at = self.random.usize(..self.copies.len());
            let (session, request) = self.copies.swap_remove(at);
            self.server.hear(session, request);
        }
    }
}
