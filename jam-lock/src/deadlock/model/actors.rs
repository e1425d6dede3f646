//! The owners of the model, the search on behalf of each wait, and the killer.

use std::sync::Arc;

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread::{self, JoinHandle, yield_now};

use super::world::{Killed, Wait, World};
use crate::deadlock::search::{Found, Graph, Steps, search};

/// How often an owner that is not the youngest of a cycle looks at it again.
const LOOKS: usize = 2;

fn chance(one_in: u32) -> bool {
    thread_rng().gen_range(0..one_in) == 0
}

/// An owner that carries out its plan.
pub(super) fn owner(world: &Arc<World>, number: usize) -> JoinHandle<()> {
    let world = Arc::clone(world);
    // If its process is killed, nothing is left to be done.
    thread::spawn(move || drop(Owner { world, number }.run()))
}

/// Kills a process at some time.
pub(super) fn killer(world: &Arc<World>, process: usize) -> JoinHandle<()> {
    let world = Arc::clone(world);
    thread::spawn(move || world.kill(process))
}

/// How a wait ends.
enum End {
    Granted,
    TimedOut,
    Deadlock,
}

struct Owner {
    world: Arc<World>,
    number: usize,
}

impl Owner {
    fn process(&self) -> usize {
        self.world.plans[self.number].process
    }

    fn run(&self) -> Result<(), Killed> {
        let mut held = Vec::new();
        for lock in self.world.plans[self.number].locks {
            if !self.acquire(*lock, &held)? {
                break;
            }
            held.push(*lock);
        }
        while let Some(lock) = held.pop() {
            self.release(lock)?;
        }
        Ok(())
    }

    fn acquire(&self, wanted: usize, held: &[usize]) -> Result<bool, Killed> {
        let (world, process, owner) = (&self.world, self.process(), self.number);
        let wait = world.step(process, |contents| {
            if contents.locks[wanted].holder.is_none() {
                contents.locks[wanted].holder = Some(owner);
                return None;
            }
            Some(contents.begin_wait(owner, wanted))
        })?;
        let Some(wait) = wait else { return self.record(wanted).map(|()| true) };
        self.publish(held, |waits| waits.push(wait))?;
        let searching = (!held.is_empty()).then(|| self.search(wait));
        let may_time_out = world.plans[owner].may_time_out;
        let end = world.step_when(process, |contents| {
            if contents.failed.contains(&wait.number) {
                return Some(End::Deadlock);
            }
            let lock = &mut contents.locks[wanted];
            if lock.holder.is_none() {
                lock.holder = Some(owner);
                return Some(End::Granted);
            }
            (may_time_out && chance(3)).then_some(End::TimedOut)
        })?;
        if let End::Granted = end {
            self.record(wanted)?;
        }
        self.publish(held, |waits| waits.retain(|it| *it != wait))?;
        world.step(process, |contents| contents.end_wait(owner))?;
        if let Some(searching) = searching {
            searching.join().expect("no assertion fails");
        }
        Ok(matches!(end, End::Granted))
    }

    /// Writes the record of a lock that was just acquired.
    fn record(&self, lock: usize) -> Result<(), Killed> {
        let process = self.process();
        self.world.step(process, |contents| {
            contents.numbers += 1;
            let token = contents.numbers;
            let record = &mut contents.locks[lock].record;
            // What another holder has left after the record stays there.
            (record.process, record.token) = (Some(process), token);
            record.waits.clear();
        })
    }

    /// Changes the waits in the records of the locks that are held, one after the other.
    fn publish(&self, held: &[usize], change: impl Fn(&mut Vec<Wait>)) -> Result<(), Killed> {
        for lock in held {
            self.world.step(self.process(), |contents| {
                change(&mut contents.locks[*lock].record.waits);
            })?;
        }
        Ok(())
    }

    fn release(&self, lock: usize) -> Result<(), Killed> {
        self.world.step(self.process(), |contents| contents.locks[lock].record.process = None)?;
        self.world.step(self.process(), |contents| contents.locks[lock].holder = None)
    }

    /// Searches on behalf of a wait that was published.
    fn search(&self, wait: Wait) -> JoinHandle<()> {
        let (world, process) = (Arc::clone(&self.world), self.process());
        thread::spawn(move || drop(carry_out(&world, process, wait)))
    }
}

fn carry_out(world: &Arc<World>, process: usize, wait: Wait) -> Result<(), Killed> {
    let mut found_before = 0;
    loop {
        let mut view = View { world, process, own: wait.number, is_killed: false };
        let found = search(&mut view, &wait.wanted);
        if view.is_killed {
            return Err(Killed);
        }
        match found {
            Found::None => return Ok(()),
            Found::Unclear => {}
            Found::Cycle { is_youngest: false, .. } if found_before < LOOKS => found_before += 1,
            Found::Cycle { steps, .. } => {
                let numbers = steps.iter().map(|step| step.wait.number).collect();
                return world.step(process, |contents| {
                    assert!(contents.has_seen(&numbers), "{numbers:?} was never a cycle");
                    contents.failed.insert(wait.number);
                });
            }
        }
        yield_now();
    }
}

/// The locks, as a process sees them.
struct View<'a> {
    world: &'a World,
    process: usize,
    own: u64,
    is_killed: bool,
}

#[derive(Clone, PartialEq)]
struct Step {
    token: u64,
    wait: Wait,
}

impl View<'_> {
    /// What a process sees of a lock: at once if it has the lock itself; otherwise it reads the record,
    /// and then looks for the holder.
    fn try_steps(&self, lock: usize) -> Result<Steps<Step>, Killed> {
        let process_of = |owner: usize| self.world.plans[owner].process;
        let (is_local, record) = self.world.step(self.process, |contents| {
            let lock = &contents.locks[lock];
            (lock.holder.is_some_and(|it| process_of(it) == self.process), lock.record.clone())
        })?;
        let Some(writer) = record.process.filter(|_| !record.waits.is_empty()) else {
            return Ok(Steps::Known(Vec::new()));
        };
        if is_local && writer != self.process {
            return Ok(Steps::Known(Vec::new()));
        }
        let is_confirmed = is_local
            || self.world.step(self.process, |contents| {
                contents.locks[lock].holder.is_some_and(|it| process_of(it) == writer)
            })?;
        let step = |wait: &Wait| Step { token: record.token, wait: *wait };
        Ok(if is_confirmed {
            Steps::Known(record.waits.iter().map(step).collect())
        } else {
            Steps::Unknown
        })
    }
}

impl Graph for View<'_> {
    type Lock = usize;
    type Step = Step;

    fn steps(&mut self, lock: &usize) -> Steps<Step> {
        self.try_steps(*lock).unwrap_or_else(|Killed| {
            self.is_killed = true;
            Steps::Known(Vec::new())
        })
    }

    fn wanted(&self, step: &Step) -> usize {
        step.wait.wanted
    }

    fn number(&self, step: &Step) -> u64 {
        step.wait.number
    }

    fn is_own(&self, step: &Step) -> bool {
        step.wait.number == self.own
    }
}
