//! [`Client`]: the connection of a process to the server, which opens a new session after a loss.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use jam_lock::Holder;
use jam_lock::engine::{LossMonitor, Mode, WaitRequest};

use super::server::{Outcome, Request, Run};
use super::world::World;

pub(super) struct Client {
    pub(super) world: Arc<World>,
    session: Mutex<Option<usize>>,
}

impl Client {
    pub(super) fn new(world: Arc<World>) -> Self {
        Self { world, session: Mutex::new(None) }
    }

    fn session(&self) -> usize {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        self.world.with(|state| match *session {
            Some(session) if !state.is_over(session) => session,
            _ => *session.insert(state.open()),
        })
    }

    /// Waits for a lease; `None` if it is not granted, or the wait is cancelled.
    pub(super) fn wait(
        &self,
        name: &str,
        request: &WaitRequest,
        is_cancelled: &AtomicBool,
    ) -> Option<Grant> {
        loop {
            let session = self.session();
            let number = self.world.with(|state| {
                let number = state.next_number();
                let (mode, blocking) = (request.mode, request.blocking);
                let holder = request.site.as_ref().map(Holder::here);
                let name = name.to_owned();
                state.send(session, &Request::Acquire { name, number, mode, blocking, holder });
                number
            });
            let outcome = self.world.until(|state| {
                if state.is_over(session) {
                    return Some(None);
                }
                let outcome = state.server.outcome(name, number);
                if matches!(outcome, Outcome::Waiting) && is_cancelled.load(Ordering::Relaxed) {
                    let name = name.to_owned();
                    state.send(session, &Request::Release { name, number, released_as: None });
                    return Some(Some(Outcome::Over));
                }
                (!matches!(outcome, Outcome::Waiting)).then_some(Some(outcome))
            });
            match outcome {
                Some(Outcome::Granted { token, abandoned, last_run }) => {
                    let mode = request.mode;
                    return Some(Grant {
                        session,
                        number,
                        mode,
                        token,
                        abandoned,
                        last_run: last_run.map(|run| *run),
                    });
                }
                Some(Outcome::Over | Outcome::Waiting) => return None,
                // The session ended before the server replied.
                None if is_cancelled.load(Ordering::Relaxed) => return None,
                None => {}
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// A lease that was granted.
pub(super) struct Grant {
    pub(super) session: usize,
    pub(super) number: u64,
    pub(super) mode: Mode,
    pub(super) token: u64,
    pub(super) abandoned: Option<Holder>,
    pub(super) last_run: Option<Run>,
}

/// Reports the loss of a lease.
pub(super) struct Monitor {
    pub(super) world: Arc<World>,
    pub(super) session: usize,
}

impl LossMonitor for Monitor {
    fn lost_reason(&self) -> Option<String> {
        self.world.with(|state| state.loss(self.session).map(ToOwned::to_owned))
    }

    fn on_loss(&self, waker: &Waker) {
        self.world.with(|state| state.on_loss(self.session, waker));
    }

    fn flush(&self) {}
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("session", &self.session).finish_non_exhaustive()
    }
}
