//! Checks whether the logs are possible for locks that work.

mod abandonment;
mod logs;

use std::path::Path;

use self::logs::{Logs, Report, Section};
use crate::fault_injector::LostRecords;

pub(crate) use self::logs::Counts;

/// Panics if a lock has broken its promises.
pub(crate) fn check(folder: &Path, lost_records: &[LostRecords]) -> Counts {
    let Logs { mut counts, sections, kills } = Logs::read(folder);
    for (name, mut sections) in sections {
        sections.sort_by_key(|section| section.since);
        counts.add(&sections);
        check_exclusion(&name, &sections);
        check_updates(&name, &sections);
        check_tokens(&name, &sections);
        let is_of_lock = |lost: &&LostRecords| lost.name.as_ref().is_none_or(|it| *it == name);
        let lost_records: Vec<_> = lost_records.iter().filter(is_of_lock).collect();
        counts.due_reports += abandonment::check(&name, &sections, &kills, &lost_records);
    }
    counts
}

/// A writer is alone, or readers are together.
fn check_exclusion(name: &str, sections: &[Section]) {
    let (mut last, mut last_writer): (Option<&Section>, Option<&Section>) = (None, None);
    for section in sections {
        let conflicting = if section.is_writer { last } else { last_writer };
        if let Some(other) = conflicting.filter(|other| other.until > section.since) {
            panic!("{name}: {section:?} overlaps with {other:?}");
        }
        let is_later = |other: Option<&Section>| other.is_none_or(|it| it.until < section.until);
        if is_later(last) {
            last = Some(section);
        }
        if section.is_writer && is_later(last_writer) {
            last_writer = Some(section);
        }
    }
}

/// Each section reads the value that the writer before it has written.
fn check_updates(name: &str, sections: &[Section]) {
    // The possible values of the counter: two if the last writer was killed, which may have written.
    let mut possible = vec![0];
    for section in sections {
        let found = section.found;
        assert!(possible.contains(&found), "{name}: {section:?} should have found {possible:?}");
        possible = match (section.is_writer, section.was_killed()) {
            (false, _) => vec![found],
            (true, false) => vec![found + 1],
            (true, true) => vec![found, found + 1],
        };
    }
}

/// A writer's token is greater than all before it, and a reader's is between those of the writers around
/// it. Other processes do not know the token of a writer that could not record it; the next writer's
/// is greater anyway, because tokens follow the clock.
fn check_tokens(name: &str, sections: &[Section]) {
    let (mut last_writer, mut greatest) = (0, 0);
    for section in sections {
        let least = if section.is_writer { greatest } else { last_writer };
        assert!(section.token > least, "{name}: {section:?} follows token {least}");
        greatest = greatest.max(section.token);
        if section.is_writer && section.report != Report::Uncertain {
            last_writer = section.token;
        }
    }
}
