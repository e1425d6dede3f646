//! Checks that every death of a writer was reported, the first one until a writer had recovered, and
//! no other.
//!
//! Not every death was logged. A worker may be killed when it holds the lock and has not logged that
//! yet, or after its last section and before its process has released the lock. Such a death may be
//! reported as well, but only of a killed worker, and if no earlier one is due.

use super::logs::{End, Kills, Report, Section};
use crate::fault_injector::LostRecords;

/// Panics if a holder of the lock got a wrong report, and returns how many reports to writers were due.
/// `sections` are in the order of the acquisitions, and `lost_records` in that of the removals.
pub(super) fn check(
    name: &str,
    sections: &[Section],
    kills: &Kills,
    lost_records: &[&LostRecords],
) -> usize {
    let mut lock = Lock {
        kills,
        lost_records,
        run: Run { worker: usize::MAX, since: i128::MIN, token: 0 },
        marked_since: i128::MIN,
        token: 0,
        until: i128::MIN,
        possible: vec![None],
        recovered: None,
        due_reports: 0,
    };
    for section in sections {
        if let Err(expected) = lock.add(section) {
            panic!("{name}: {section:?} should have got a report of {expected:?}");
        }
    }
    lock.due_reports
}

/// A death that is due to be reported: of which worker, and between which tokens. A record has the
/// first of the tokens that a process used consecutively.
#[derive(Clone, Debug)]
struct Death {
    worker: usize,
    above: u64,
    up_to: u64,
}

/// Consecutive sections of one worker, which may have held the lock all the time.
struct Run {
    worker: usize,
    /// It acquired the lock after that time.
    since: i128,
    /// The token of the last writer before it that could record it.
    token: u64,
}

/// What is known of a lock after some of its sections.
struct Lock<'storm> {
    kills: &'storm Kills,
    lost_records: &'storm [&'storm LostRecords],
    run: Run,
    /// The last writer's mark was written after that time.
    marked_since: i128,
    /// The token of the last writer that could record it.
    token: u64,
    /// When the last section ended.
    until: i128,
    /// One of these is due to be reported.
    possible: Vec<Option<Death>>,
    /// The death from which the last writer has recovered, and when that writer was killed: perhaps before
    /// it had recorded the recovery.
    recovered: Option<(Death, i128)>,
    /// How many reports to writers were due, and happened.
    due_reports: usize,
}

impl Lock<'_> {
    /// Processes the next section, or returns the reports that were possible.
    fn add(&mut self, section: &Section) -> Result<(), Vec<Option<Death>>> {
        let is_lost = self.is_lost(section.since);
        if is_lost {
            self.possible.push(None);
        }
        if let Some((death, _)) = self.recovered.take_if(|it| it.1 <= section.since) {
            self.possible.push(Some(death));
        }
        let reported = self.reported(section)?;
        if self.run.worker != section.worker {
            // Readers of other workers may still hold the lock.
            let since = self.until.min(section.since);
            self.run = Run { worker: section.worker, since, token: self.token };
        }
        let is_certain = section.report != Report::Uncertain;
        if section.is_writer {
            let is_due = is_certain && self.possible.iter().all(Option::is_some);
            self.due_reports += usize::from(is_due);
            self.add_writer(section, reported, is_certain);
        } else if is_certain && !is_lost {
            self.possible = vec![reported];
        } else {
            // Readers that came before the record was lost still know the death, and report it to others.
            self.possible.push(reported);
        }
        self.until = self.until.max(section.until);
        Ok(())
    }

    /// Updates what is due after a writer to which the death `reported` was reported.
    fn add_writer(&mut self, section: &Section, reported: Option<Death>, is_certain: bool) {
        let Section { worker, token, .. } = *section;
        let itself = Death { worker, above: self.run.token, up_to: token };
        let first = Some(reported.clone().unwrap_or(itself));
        let next = match section.end {
            End::Killed => vec![first],
            End::Releasing => vec![None, first],
            End::Released => vec![None],
        };
        if is_certain {
            (self.possible, self.token) = (next, token);
        } else {
            // Perhaps the record is still the old one.
            self.possible.extend(next);
            self.possible.push(None);
        }
        let killed = self.kills.get(&worker).map(|kill| kill.after);
        self.recovered = reported.zip(killed);
        self.marked_since = self.run.since;
    }

    /// Whether the record was removed since the last writer's mark was written.
    fn is_lost(&self, until: i128) -> bool {
        let first = self.lost_records.partition_point(|lost| lost.until < self.marked_since);
        self.lost_records.get(first).is_some_and(|lost| lost.since <= until)
    }

    /// The death that was reported to the section's holder, or the reports that were possible.
    fn reported(&self, section: &Section) -> Result<Option<Death>, Vec<Option<Death>>> {
        let is_none_possible = self.possible.iter().any(Option::is_none);
        let (process, token) = match section.report {
            Report::Uncertain => return Ok(None),
            Report::None if is_none_possible => return Ok(None),
            Report::None => return Err(self.possible.clone()),
            Report::Death { process, token } => (process, token),
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
        let new = || self.kills.keys().copied().find(is_new).filter(|_| is_none_possible);
        match known.or_else(new) {
            Some(worker) => Ok(Some(Death { worker, above: token - 1, up_to: token })),
            None => Err(self.possible.clone()),
        }
    }
}
