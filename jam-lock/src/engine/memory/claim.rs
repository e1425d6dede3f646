//! The claim on one name.

use std::thread;
use std::time::Instant;

use super::arbiter::Known;
use super::{PLACE, table};
use crate::LockError;
use crate::engine::{
    Attempt, Claim, Home, Mode, ProcessId, Publication, Pursuit, Used, check_process,
};
use crate::site::Site;

/// One name, in both modes.
pub(super) struct MemoryClaim {
    arbiter: table::Used,
    process: ProcessId,
    held: Option<Mode>,
    /// Whether somebody was made known since the claim came home, and so has learned of a death.
    is_told: bool,
    in_flight: Vec<InFlight>,
}

/// A thread that waits with a ticket.
struct InFlight {
    number: u64,
    mode: Mode,
    ticket: u64,
}

impl MemoryClaim {
    /// A claim that only `process` may use.
    pub(super) fn new(arbiter: table::Used, process: ProcessId) -> Self {
        Self { arbiter, process, held: None, is_told: false, in_flight: Vec::new() }
    }

    fn land(&mut self, number: u64) -> Option<InFlight> {
        let at = self.in_flight.iter().position(|pursuit| pursuit.number == number)?;
        Some(self.in_flight.swap_remove(at))
    }
}

impl Claim for MemoryClaim {
    fn check_process(&self) -> Result<(), LockError> {
        check_process(self.process, self.arbiter.name(), || PLACE.to_owned())
    }

    fn attempt(&mut self, mode: Mode) -> Result<Attempt, LockError> {
        self.check_process()?;
        if !self.arbiter.lock().attempt(mode) {
            return Ok(Attempt::Refused);
        }
        self.held = Some(mode);
        Ok(Attempt::Claimed)
    }

    fn pursue(&mut self, pursuit: Pursuit, home: Home) -> Result<(), LockError> {
        self.check_process()?;
        let Pursuit { number, mode, pause, .. } = pursuit;
        let mut ticket = 0;
        self.arbiter.change(|name| ticket = name.queue(mode));
        self.in_flight.push(InFlight { number, mode, ticket });
        let arbiter = self.arbiter.clone();
        // No pool of them: where all waits are in one process, its gate asks for few.
        let thread = thread::Builder::new().name("jam-lock pursuit".to_owned());
        let started = thread.spawn(move || {
            thread::sleep(pause);
            home(Ok(arbiter.wait(ticket)));
        });
        started.map(drop).map_err(|error| {
            self.dismiss(number);
            LockError::Engine {
                operation: format!("start a thread to wait for lock `{}`", self.arbiter.name()),
                place: PLACE.to_owned(),
                error: error.into(),
            }
        })
    }

    fn is_current(&mut self, number: u64) -> Result<bool, LockError> {
        Ok(self.in_flight.iter().any(|pursuit| pursuit.number == number))
    }

    fn recall(&mut self, number: u64) -> bool {
        self.dismiss(number);
        true
    }

    fn welcome(&mut self, number: u64) -> Result<bool, LockError> {
        let Some(InFlight { mode, ticket, .. }) = self.land(number) else { return Ok(false) };
        let is_served = self.arbiter.lock().collect(ticket);
        self.held = is_served.then_some(mode);
        Ok(is_served)
    }

    fn dismiss(&mut self, number: u64) {
        // One that was recalled has landed already.
        let Some(InFlight { mode, ticket, .. }) = self.land(number) else { return };
        self.arbiter.change(|name| {
            if name.collect(ticket) {
                name.release(mode);
            }
        });
    }

    fn publish(&mut self, mode: Mode, site: Option<&Site>, used: Used<'_>) -> Publication {
        self.is_told |= site.is_some();
        let mut name = self.arbiter.lock();
        name.token = name.token.max(used.last);
        let abandoned = site.and_then(|_| name.abandoned.clone());
        if mode == Mode::Shared {
            let token = name.token + 1;
            return Publication { token, abandoned, ..Publication::default() };
        }
        name.token += 2;
        let token = name.token;
        name.known = site.map(|site| Known { site: *site, since: Instant::now(), token });
        Publication { token, abandoned, ..Publication::default() }
    }

    fn withdraw(&mut self, last: u64) {
        let mut name = self.arbiter.lock();
        name.token = name.token.max(last);
        name.known = None;
    }

    fn release(&mut self, mode: Mode, used: Option<Used<'_>>) -> Result<(), LockError> {
        self.check_process()?;
        if self.held.take_if(|held| *held == mode).is_none() {
            return Ok(());
        }
        let is_told = std::mem::take(&mut self.is_told);
        self.arbiter.change(|name| {
            if let (Mode::Exclusive, Some(Used { abandoned, last })) = (mode, used) {
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
    use crate::LockName;
    use crate::engine::CallChain;

    /// Longer than any step of a test takes.
    const LONG: Duration = Duration::from_secs(60);

    /// Claims that could be of two processes.
    fn two() -> [MemoryClaim; 2] {
        let (table, name) = (Arc::default(), LockName::declared("x", "claims", 0));
        [(); 2].map(|()| MemoryClaim::new(table::Table::used(&table, &name), ProcessId::current()))
    }

    /// Has `claim` wait for the lock, and tells what it has brought home.
    fn pursue(claim: &mut MemoryClaim, mode: Mode) -> Receiver<bool> {
        let (tell, told) = mpsc::channel();
        let pursuit = Pursuit {
            number: 1,
            mode,
            waits: true,
            pause: Duration::ZERO,
            chain: CallChain::NONE,
            site: None,
        };
        let home =
            Box::new(move |result: Result<bool, LockError>| tell.send(result.unwrap()).unwrap());
        claim.pursue(pursuit, home).unwrap();
        told
    }

    #[test]
    fn one_writer_or_some_readers_have_it() {
        let [mut here, mut there] = two();
        assert_eq!(here.attempt(Mode::Shared).unwrap(), Attempt::Claimed);
        assert_eq!(there.attempt(Mode::Exclusive).unwrap(), Attempt::Refused);
        assert_eq!(there.attempt(Mode::Shared).unwrap(), Attempt::Claimed);
        here.release(Mode::Shared, None).unwrap();
        assert_eq!(here.attempt(Mode::Exclusive).unwrap(), Attempt::Refused);
        there.release(Mode::Shared, None).unwrap();
        assert_eq!(here.attempt(Mode::Exclusive).unwrap(), Attempt::Claimed);
        assert_eq!(there.attempt(Mode::Shared).unwrap(), Attempt::Refused);
    }

    #[test]
    fn what_is_released_goes_to_who_waits() {
        let [mut here, mut there] = two();
        here.attempt(Mode::Exclusive).unwrap();
        let home = pursue(&mut there, Mode::Exclusive);
        here.release(Mode::Exclusive, None).unwrap();
        assert_eq!(here.attempt(Mode::Exclusive).unwrap(), Attempt::Refused);
        assert!(home.recv_timeout(LONG).unwrap() && there.welcome(1).unwrap());
        there.release(Mode::Exclusive, None).unwrap();
        assert_eq!(here.attempt(Mode::Exclusive).unwrap(), Attempt::Claimed);
    }

    #[test]
    fn what_was_brought_home_in_vain_is_given_back() {
        let [mut here, mut there] = two();
        assert!(pursue(&mut there, Mode::Exclusive).recv_timeout(LONG).unwrap());
        there.dismiss(1);
        assert_eq!(here.attempt(Mode::Exclusive).unwrap(), Attempt::Claimed);
    }

    #[test]
    fn a_pursuit_that_is_called_off_comes_home_without_the_lock() {
        let [mut here, mut there] = two();
        here.attempt(Mode::Exclusive).unwrap();
        let home = pursue(&mut there, Mode::Exclusive);
        assert!(there.recall(1));
        assert!(!home.recv_timeout(LONG).unwrap());
        there.dismiss(1);
        here.release(Mode::Exclusive, None).unwrap();
        assert_eq!(here.attempt(Mode::Exclusive).unwrap(), Attempt::Claimed);
    }

    #[test]
    fn a_fork_can_use_nothing_that_it_inherited() {
        let [mut inherited, _] = two();
        inherited.attempt(Mode::Exclusive).unwrap();
        // In the child the claim has everything but its process.
        inherited.process = ProcessId::of_a_fork();
        assert!(matches!(inherited.check_process(), Err(LockError::Forked { .. })));
        assert!(matches!(inherited.attempt(Mode::Shared), Err(LockError::Forked { .. })));
        let released = inherited.release(Mode::Exclusive, None);
        assert!(matches!(released, Err(LockError::Forked { .. })));
    }
}
