//! Whether what was written down can be true of locks that work.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

/// What was judged.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    sections: usize,
    killed_inside: usize,
}

/// A section, as it was written down.
#[derive(Debug)]
struct Section {
    #[expect(dead_code, reason = "for who reads the sentence of a failure")]
    log: String,
    since: i128,
    /// When it was about to leave, or when it was going to be killed.
    until: i128,
    was_killed: bool,
    is_writer: bool,
    token: u64,
    found: u64,
}

/// Panics where locks have not worked.
pub(crate) fn judge(folder: &Path) -> Counts {
    let mut counts = Counts::default();
    for (name, mut sections) in read(folder) {
        sections.sort_by_key(|section| section.since);
        counts.sections += sections.len();
        counts.killed_inside += sections.iter().filter(|section| section.was_killed).count();
        see_that_none_overlap(&name, &sections);
        see_that_no_update_is_lost(&name, &sections);
        see_that_tokens_rise(&name, &sections);
    }
    counts
}

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

fn see_that_no_update_is_lost(name: &str, sections: &[Section]) {
    // What the counter may be: one of two where somebody was killed who may have written.
    let mut possible = vec![0];
    for section in sections {
        let found = section.found;
        assert!(possible.contains(&found), "{name}: {section:?} should have found {possible:?}");
        possible = match (section.is_writer, section.was_killed) {
            (false, _) => vec![found],
            (true, false) => vec![found + 1],
            (true, true) => vec![found, found + 1],
        };
    }
}

fn see_that_tokens_rise(name: &str, sections: &[Section]) {
    let mut last = 0;
    for section in sections.iter().filter(|section| section.is_writer) {
        assert!(section.token > last, "{name}: {section:?} follows token {last}");
        last = section.token;
    }
}

/// All sections, by the name of their lock.
fn read(folder: &Path) -> BTreeMap<String, Vec<Section>> {
    let kills = fs::read_to_string(folder.join("kills")).unwrap();
    let kills: HashMap<_, _> = kills.lines().filter_map(|line| line.split_once(' ')).collect();
    let mut all: BTreeMap<String, Vec<Section>> = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "log") {
            continue;
        }
        let log = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let killed = kills.get(log.split_once('-').unwrap().0).map(|at| at.parse().unwrap());
        for (name, section) in sections(&log, &fs::read_to_string(&path).unwrap(), killed) {
            all.entry(name).or_default().push(section);
        }
    }
    all
}

/// The sections of one log, whose writer was killed at some time or not.
fn sections(log: &str, text: &str, killed: Option<i128>) -> Vec<(String, Section)> {
    let mut sections: Vec<(String, Section)> = Vec::new();
    // A write that goes over the end of a page can be cut there by a kill. Who was cut while it
    // entered has written no counter yet; who was cut while it left counts as killed inside.
    let (whole, _cut) = text.rsplit_once('\n').unwrap_or_default();
    for line in whole.lines() {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["enter", _, since, name, is_writer, token, found] => {
                let section = Section {
                    log: log.to_owned(),
                    since: since.parse().unwrap(),
                    until: i128::MAX,
                    was_killed: false,
                    is_writer: is_writer.parse().unwrap(),
                    token: token.parse().unwrap(),
                    found: found.parse().unwrap(),
                };
                sections.push((name.to_owned(), section));
            }
            ["leave", number, until] => {
                let number: usize = number.parse().unwrap();
                sections[number - 1].1.until = until.parse().unwrap();
            }
            _ => panic!("{log}: {line}"),
        }
    }
    for (_, section) in sections.iter_mut().filter(|(_, section)| section.until == i128::MAX) {
        section.was_killed = true;
        section.until = killed.expect("who does not leave was killed");
    }
    sections
}
