//! Judges whether what was logged can be true of locks that work.

mod deaths;
mod logs;

use std::path::Path;

use self::logs::{Logs, Section, Told};
use crate::conductor::Loss;

pub(crate) use self::logs::Counts;

/// Panics where the locks have not worked.
pub(crate) fn judge(folder: &Path, losses: &[Loss]) -> Counts {
    let Logs { mut counts, sections, kills } = Logs::read(folder);
    for (name, mut sections) in sections {
        sections.sort_by_key(|section| section.since);
        counts.add(&sections);
        see_that_none_overlap(&name, &sections);
        see_that_no_update_is_lost(&name, &sections);
        see_that_tokens_rise(&name, &sections);
        let losses: Vec<_> =
            losses.iter().filter(|loss| loss.name.as_ref().is_none_or(|it| *it == name)).collect();
        counts.due += deaths::see_that_they_are_told(&name, &sections, &kills, &losses);
    }
    counts
}

/// A writer is alone, or readers are together.
fn see_that_none_overlap(name: &str, sections: &[Section]) {
    let (mut last, mut last_writer): (Option<&Section>, Option<&Section>) = (None, None);
    for section in sections {
        let in_the_way = if section.is_writer { last } else { last_writer };
        if let Some(other) = in_the_way.filter(|other| other.until > section.since) {
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

/// Each finds what the writer before it has written.
fn see_that_no_update_is_lost(name: &str, sections: &[Section]) {
    // What the counter may be: one of two where somebody was killed who may have written.
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

/// A writer's token is greater than all before it, and a reader's lies between those of the writers
/// around it. Other processes do not know the token of a writer that could not record it; the next
/// writer's is greater all the same, by the time.
fn see_that_tokens_rise(name: &str, sections: &[Section]) {
    let (mut last_writer, mut greatest) = (0, 0);
    for section in sections {
        let least = if section.is_writer { greatest } else { last_writer };
        assert!(section.token > least, "{name}: {section:?} follows token {least}");
        greatest = greatest.max(section.token);
        if section.is_writer && section.told != Told::Uncertain {
            last_writer = section.token;
        }
    }
}
