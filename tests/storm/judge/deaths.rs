//! Judges whether every death inside a writer's section was told, the first one until somebody had
//! recovered, and no other.
//!
//! Not every death was logged. A worker may be killed when it has the lock and has not logged that
//! yet, or after its last section and before its process has given the lock back. Such a death may
//! be told as well, but only of a worker that was killed, and where no earlier one is to be told.

use super::logs::{End, Kills, Section, Told};
use crate::conductor::Loss;

/// Panics where the holders of a lock, in the order in which they held it, were not told what they
/// had to be, and returns how many writers had to be told of a death. `losses` are the times at which
/// its record was taken away, in their order.
pub(super) fn see_that_they_are_told(
    name: &str,
    sections: &[Section],
    kills: &Kills,
    losses: &[&Loss],
) -> usize {
    let mut lock = Lock {
        kills,
        losses,
        run: Run { worker: usize::MAX, since: i128::MIN, token: 0 },
        marked_since: i128::MIN,
        token: 0,
        until: i128::MIN,
        possible: vec![None],
        recovered: None,
        told: 0,
    };
    for section in sections {
        if let Err(expected) = lock.is_held_by(section) {
            panic!("{name}: {section:?} should have been told of {expected:?}");
        }
    }
    lock.told
}

/// A death that is to be told: whose, and between which tokens. A record has the first token of those
/// that a process gave out one after another.
#[derive(Clone, Debug)]
struct Death {
    worker: usize,
    above: u64,
    up_to: u64,
}

/// Sections of one worker that follow each other, so that it may have had the lock all the time.
struct Run {
    worker: usize,
    /// It got the lock after that.
    since: i128,
    /// The token of the last writer before it that could record it.
    token: u64,
}

/// What is known of a lock after some of its sections.
struct Lock<'storm> {
    kills: &'storm Kills,
    losses: &'storm [&'storm Loss],
    run: Run,
    /// After when the last writer's mark was written.
    marked_since: i128,
    /// The token of the last writer that could record it.
    token: u64,
    /// When the last section ended.
    until: i128,
    /// Which death is to be told: one of these.
    possible: Vec<Option<Death>>,
    /// The death of which the last writer has recovered, whose worker was killed later: perhaps before
    /// it had recorded that.
    recovered: Option<(Death, i128)>,
    /// How many writers had to be told of a death, and were.
    told: usize,
}

impl Lock<'_> {
    /// Takes note of the next section, or returns what its holder should have been told.
    fn is_held_by(&mut self, section: &Section) -> Result<(), Vec<Option<Death>>> {
        let is_lost = self.is_lost(section.since);
        if is_lost {
            self.possible.push(None);
        }
        if let Some((death, _)) = self.recovered.take_if(|it| it.1 <= section.since) {
            self.possible.push(Some(death));
        }
        let told = self.told(section)?;
        if self.run.worker != section.worker {
            // Readers of others may still be there.
            let since = self.until.min(section.since);
            self.run = Run { worker: section.worker, since, token: self.token };
        }
        let is_certain = section.told != Told::Uncertain;
        if section.is_writer {
            let had_to_be_told = is_certain && self.possible.iter().all(Option::is_some);
            self.told += usize::from(had_to_be_told);
            self.is_written_by(section, told, is_certain);
        } else if is_certain && !is_lost {
            self.possible = vec![told];
        } else {
            // Readers that came before the record was lost still know of it, and tell others.
            self.possible.push(told);
        }
        self.until = self.until.max(section.until);
        Ok(())
    }

    /// Of whom the next holder is to be told after a writer that was `told` of somebody.
    fn is_written_by(&mut self, section: &Section, told: Option<Death>, is_certain: bool) {
        let Section { worker, token, .. } = *section;
        let itself = Death { worker, above: self.run.token, up_to: token };
        let first = Some(told.clone().unwrap_or(itself));
        let next = match section.end {
            End::Killed => vec![first],
            End::Left => vec![None, first],
            End::Released => vec![None],
        };
        if is_certain {
            (self.possible, self.token) = (next, token);
        } else {
            // Perhaps the record still says what it said.
            self.possible.extend(next);
            self.possible.push(None);
        }
        let killed = self.kills.get(&worker).map(|kill| kill.after);
        self.recovered = told.zip(killed);
        self.marked_since = self.run.since;
    }

    /// Whether the record was taken away since the last writer's mark was written.
    fn is_lost(&self, until: i128) -> bool {
        let first = self.losses.partition_point(|loss| loss.until < self.marked_since);
        self.losses.get(first).is_some_and(|loss| loss.since <= until)
    }

    /// The death of which the section's holder was told, or what it should have been told.
    fn told(&self, section: &Section) -> Result<Option<Death>, Vec<Option<Death>>> {
        let is_nobody_possible = self.possible.iter().any(Option::is_none);
        let (process, token) = match section.told {
            Told::Uncertain => return Ok(None),
            Told::Nobody if is_nobody_possible => return Ok(None),
            Told::Nobody => return Err(self.possible.clone()),
            Told::Died { process, token } => (process, token),
        };
        let was_killed = |worker: usize| {
            let kill = self.kills.get(&worker);
            kill.is_some_and(|it| it.process == process && it.after <= section.since)
        };
        let is_known = |death: &&Death| {
            was_killed(death.worker) && death.above < token && token <= death.up_to
        };
        let known = self.possible.iter().flatten().find(is_known).map(|death| death.worker);
        let is_new = |worker: &usize| {
            let last = if *worker == self.run.worker { self.run.token } else { self.token };
            was_killed(*worker) && last < token && token < section.token
        };
        let new = || self.kills.keys().copied().find(is_new).filter(|_| is_nobody_possible);
        match known.or_else(new) {
            Some(worker) => Ok(Some(Death { worker, above: token - 1, up_to: token })),
            None => Err(self.possible.clone()),
        }
    }
}
