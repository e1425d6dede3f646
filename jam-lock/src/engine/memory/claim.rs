//! The claim on one name.

use std::thread;
use std::time::Instant;

use super::arbiter::Known;
use super::{PLACE, table};
use crate::engine::{
    Claim, Mode, ProcessId, Recorded, TryAcquire, Usage, WaitDone, WaitId, WaitRequest,
    check_process,
};
use crate::error::LockError;
use crate::site::Site;

/// One name, in both modes.
pub(super) struct MemoryClaim {
    arbiter: table::Usage,
    process: ProcessId,
    held: Option<Mode>,
    /// Whether somebody was made known since the claim came home, and so has learned of a death.
    is_told: bool,
    in_flight: Vec<InFlight>,
}

/// A thread that waits with a ticket.
struct InFlight {
    id: WaitId,
    mode: Mode,
    ticket: u64,
}

impl MemoryClaim {
    /// A claim that only `process` may use.
    pub(super) fn new(arbiter: table::Usage, process: ProcessId) -> Self {
        Self { arbiter, process, held: None, is_told: false, in_flight: Vec::new() }
    }

    fn land(&mut self, id: WaitId) -> Option<InFlight> {
        let at = self.in_flight.iter().position(|request| request.id == id)?;
        Some(self.in_flight.swap_remove(at))
    }
}

impl Claim for MemoryClaim {
    fn check_process(&self) -> Result<(), LockError> {
        check_process(self.process, self.arbiter.name(), || PLACE.to_owned())
    }

    fn try_acquire(&mut self, mode: Mode) -> Result<TryAcquire, LockError> {
        self.check_process()?;
        if !self.arbiter.lock().try_acquire(mode) {
            return Ok(TryAcquire::Contended);
        }
        self.held = Some(mode);
        Ok(TryAcquire::Acquired)
    }

    fn start_wait(&mut self, request: WaitRequest, done: WaitDone) -> Result<(), LockError> {
        self.check_process()?;
        let WaitRequest { id, mode, yield_first, .. } = request;
        let mut ticket = 0;
        self.arbiter.change(|name| ticket = name.queue(mode));
        self.in_flight.push(InFlight { id, mode, ticket });
        let arbiter = self.arbiter.clone();
        // No pool of them: where all waits are in one process, its gate asks for few.
        let thread = thread::Builder::new().name("jam-lock request".to_owned());
        let started = thread.spawn(move || {
            thread::sleep(yield_first);
            done(Ok(arbiter.wait(ticket)));
        });
        started.map(drop).map_err(|error| {
            self.discard(id);
            LockError::Engine {
                operation: format!("start a thread to wait for lock `{}`", self.arbiter.name()),
                location: PLACE.to_owned(),
                error: error.into(),
            }
        })
    }

    fn is_wait_still_valid(&mut self, id: WaitId) -> Result<bool, LockError> {
        Ok(self.in_flight.iter().any(|request| request.id == id))
    }

    fn cancel_wait(&mut self, id: WaitId) -> bool {
        self.discard(id);
        true
    }

    fn accept(&mut self, id: WaitId) -> Result<bool, LockError> {
        let Some(InFlight { mode, ticket, .. }) = self.land(id) else { return Ok(false) };
        let is_served = self.arbiter.lock().collect(ticket);
        self.held = is_served.then_some(mode);
        Ok(is_served)
    }

    fn discard(&mut self, id: WaitId) {
        // One that was recalled has landed already.
        let Some(InFlight { mode, ticket, .. }) = self.land(id) else { return };
        self.arbiter.change(|name| {
            if name.collect(ticket) {
                name.release(mode);
            }
        });
    }

    fn record_holder(&mut self, mode: Mode, site: Option<&Site>, usage: Usage<'_>) -> Recorded {
        self.is_told |= site.is_some();
        let mut name = self.arbiter.lock();
        name.token = name.token.max(usage.last_token);
        let abandoned = site.and_then(|_| name.abandoned.clone());
        if mode == Mode::Shared {
            let token = name.token + 1;
            return Recorded { token, abandoned_by: abandoned, ..Recorded::default() };
        }
        name.token += 2;
        let token = name.token;
        name.known = site.map(|site| Known { site: *site, since: Instant::now(), token });
        Recorded { token, abandoned_by: abandoned, ..Recorded::default() }
    }

    fn clear_holder(&mut self, last: u64) {
        let mut name = self.arbiter.lock();
        name.token = name.token.max(last);
        name.known = None;
    }

    fn release(&mut self, mode: Mode, usage: Option<Usage<'_>>) -> Result<(), LockError> {
        self.check_process()?;
        if self.held.take_if(|held| *held == mode).is_none() {
            return Ok(());
        }
        let is_told = std::mem::take(&mut self.is_told);
        self.arbiter.change(|name| {
            if let (Mode::Exclusive, Some(Usage { abandoned_by: abandoned, last_token: last })) =
                (mode, usage)
            {
                name.token = name.token.max(last);
                if is_told {
                    name.abandoned = abandoned.cloned().map(Box::new);
                }
                name.known = None;
            }
            name.release(mode);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{self, Receiver};
    use std::time::Duration;

    use super::*;
    use crate::engine::OwnerId;
    use crate::name::LockName;

    /// Longer than any step of a test takes.
    const LONG: Duration = Duration::from_secs(60);

    /// Claims that could be of two processes.
    fn two() -> [MemoryClaim; 2] {
        let (table, name) = (Arc::default(), LockName::declared("x", "claims", 0));
        [(); 2].map(|()| MemoryClaim::new(table::Table::used(&table, &name), ProcessId::current()))
    }

    /// Has `claim` wait for the lock, and tells what it has brought home.
    fn start_wait(claim: &mut MemoryClaim, mode: Mode) -> Receiver<bool> {
        let (reply, told) = mpsc::channel();
        let request = WaitRequest {
            id: WaitId(1),
            mode,
            blocking: true,
            yield_first: Duration::ZERO,
            owner: OwnerId::NONE,
            site: None,
        };
        let done =
            Box::new(move |result: Result<bool, LockError>| reply.send(result.unwrap()).unwrap());
        claim.start_wait(request, done).unwrap();
        told
    }

    #[test]
    fn one_writer_or_some_readers_have_it() {
        let [mut here, mut there] = two();
        assert_eq!(here.try_acquire(Mode::Shared).unwrap(), TryAcquire::Acquired);
        assert_eq!(there.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Contended);
        assert_eq!(there.try_acquire(Mode::Shared).unwrap(), TryAcquire::Acquired);
        here.release(Mode::Shared, None).unwrap();
        assert_eq!(here.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Contended);
        there.release(Mode::Shared, None).unwrap();
        assert_eq!(here.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Acquired);
        assert_eq!(there.try_acquire(Mode::Shared).unwrap(), TryAcquire::Contended);
    }

    #[test]
    fn what_is_released_goes_to_who_waits() {
        let [mut here, mut there] = two();
        here.try_acquire(Mode::Exclusive).unwrap();
        let done = start_wait(&mut there, Mode::Exclusive);
        here.release(Mode::Exclusive, None).unwrap();
        assert_eq!(here.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Contended);
        assert!(done.recv_timeout(LONG).unwrap() && there.accept(WaitId(1)).unwrap());
        there.release(Mode::Exclusive, None).unwrap();
        assert_eq!(here.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Acquired);
    }

    #[test]
    fn what_was_brought_home_in_vain_is_given_back() {
        let [mut here, mut there] = two();
        assert!(start_wait(&mut there, Mode::Exclusive).recv_timeout(LONG).unwrap());
        there.discard(WaitId(1));
        assert_eq!(here.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Acquired);
    }

    #[test]
    fn a_pursuit_that_is_called_off_comes_home_without_the_lock() {
        let [mut here, mut there] = two();
        here.try_acquire(Mode::Exclusive).unwrap();
        let done = start_wait(&mut there, Mode::Exclusive);
        assert!(there.cancel_wait(WaitId(1)));
        assert!(!done.recv_timeout(LONG).unwrap());
        there.discard(WaitId(1));
        here.release(Mode::Exclusive, None).unwrap();
        assert_eq!(here.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Acquired);
    }

    #[test]
    fn a_fork_can_use_nothing_that_it_inherited() {
        let [mut inherited, _] = two();
        inherited.try_acquire(Mode::Exclusive).unwrap();
        // In the child the claim has everything but its process.
        inherited.process = ProcessId::of_a_fork();
        assert!(matches!(inherited.check_process(), Err(LockError::Forked { .. })));
        assert!(matches!(inherited.try_acquire(Mode::Shared), Err(LockError::Forked { .. })));
        let released = inherited.release(Mode::Exclusive, None);
        assert!(matches!(released, Err(LockError::Forked { .. })));
    }
}
