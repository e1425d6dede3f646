//! [`World`]: the clocks and the network.

use std::sync::{Condvar, Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

use fastrand::Rng;

use super::Flaw;
use super::server::{Request, Server};

/// After how long without a reply a client counts its leases as lost.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(3);

/// After how long without a message of a client the server grants its leases to others.
const LEASE_TIMEOUT: Duration = Duration::from_secs(5);

/// How often clients send a heartbeat, and repeat a request without a reply.
const HEARTBEAT: Duration = Duration::from_millis(200);

/// The longest time that a message takes.
const MAX_DELAY: Duration = Duration::from_millis(20);

/// What the simulated processes share.
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
    /// Requests that the network delivers again.
    copies: Vec<(usize, Request)>,
    last_number: u64,
    hides_losses: bool,
    due_wakers: Vec<Waker>,
}

/// A client's connection to the server.
struct Session {
    /// When the last message of the client arrived at the server.
    client_seen: Duration,
    /// When the last message of the server arrived at the client.
    server_seen: Duration,
    is_cut_off: bool,
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
            last_number: 0,
            hides_losses: flaw == Some(Flaw::UnreportedLoss),
            due_wakers: Vec::new(),
        };
        Self { flaw, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Accesses the state, and wakes the wakers that are due then.
    pub(super) fn with<T>(&self, access: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = access(&mut state);
        let due_wakers = std::mem::take(&mut state.due_wakers);
        drop(state);
        self.changed.notify_all();
        due_wakers.into_iter().for_each(Waker::wake);
        result
    }

    /// Waits until `find` returns something.
    pub(super) fn until<T>(&self, mut find: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(found) = find(&mut state) {
                return found;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Cuts off the session that has the lease, for so long that client and server both notice.
    pub(crate) fn cut_off_holder(&self, name: &str) {
        self.with(|state| {
            let session = state.server.session_of(name).expect("there is a holder");
            state.sessions[session].is_cut_off = true;
            state.pass(2 * LEASE_TIMEOUT);
        });
    }

    /// Waits until at least `count` waits are queued at the server.
    pub(crate) fn wait_for_waiters(&self, name: &str, count: usize) {
        self.until(|state| (state.server.waiting(name) >= count).then_some(()));
    }
}

impl State {
    /// The time on the clock of the server.
    pub(super) fn now(&self) -> Duration {
        self.now
    }

    /// A unique number.
    pub(super) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Opens a session.
    pub(super) fn open(&mut self) -> usize {
        let (client_seen, server_seen) = (self.now, self.now);
        let wakers = Vec::new();
        self.sessions.push(Session {
            client_seen,
            server_seen,
            is_cut_off: false,
            loss: None,
            wakers,
        });
        self.sessions.len() - 1
    }

    /// Sends a request until there is a reply, or its session is over.
    pub(super) fn send(&mut self, session: usize, request: &Request) {
        while !self.is_over(session) {
            let delay = MAX_DELAY.mul_f64(self.random.f64());
            self.pass(delay);
            self.deliver_copies();
            if !self.sessions[session].is_cut_off {
                let (is_delivered, has_reply, is_copied) = match self.random.u32(..10) {
                    0 => (false, false, false),
                    1 => (true, false, false),
                    2 => (true, true, true),
                    _ => (true, true, false),
                };
                if is_copied {
                    self.copies.push((session, request.clone()));
                }
                if is_delivered {
                    self.server.handle(session, request.clone());
                }
                if has_reply {
                    return;
                }
            }
            self.pass(HEARTBEAT);
        }
    }

    /// Why the leases of `session` are lost, if they are.
    pub(super) fn loss(&self, session: usize) -> Option<&str> {
        self.sessions[session].loss.as_deref().filter(|_| !self.hides_losses)
    }

    /// Whether `session` is over.
    pub(super) fn is_over(&self, session: usize) -> bool {
        self.sessions[session].loss.is_some()
    }

    pub(super) fn on_loss(&mut self, session: usize, waker: &Waker) {
        if self.loss(session).is_some() {
            self.due_wakers.push(waker.clone());
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
                self.heartbeat(number);
            }
        }
    }

    /// Sends a heartbeat and its reply, either of which may be lost; without them, leases are lost.
    fn heartbeat(&mut self, number: usize) {
        let session = &mut self.sessions[number];
        if !session.is_cut_off && session.loss.is_none() && self.random.u32(..10) > 0 {
            session.client_seen = self.now;
            if self.random.u32(..10) > 0 {
                session.server_seen = self.now;
            }
        }
        if session.loss.is_none() && self.now > session.server_seen + CLIENT_TIMEOUT {
            session.loss = Some("the server has not replied for too long".to_owned());
            self.due_wakers.append(&mut session.wakers);
        }
        if !self.server.has_ended(number) && self.now > session.client_seen + LEASE_TIMEOUT {
            self.server.end_session(number);
        }
    }

    fn deliver_copies(&mut self) {
        while !self.copies.is_empty() && self.random.u32(..4) == 0 {
            let at = self.random.usize(..self.copies.len());
            let (session, request) = self.copies.swap_remove(at);
            self.server.handle(session, request);
        }
    }
}
