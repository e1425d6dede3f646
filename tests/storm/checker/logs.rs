//! The logs of the processes of a storm.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

/// What was checked.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    writers: usize,
    readers: usize,
    writers_killed: usize,
    readers_killed: usize,
    /// How many writers and readers got the report of a death.
    reports_to_writers: usize,
    reports_to_readers: usize,
    /// How many of the reports to writers were certainly due.
    pub(super) due_reports: usize,
    /// How many holders could not read or write the record.
    uncertain: usize,
    /// What else was logged to be counted.
    others: BTreeMap<String, usize>,
}

impl Counts {
    pub(super) fn add(&mut self, sections: &[Section]) {
        for section in sections {
            let (all, killed, reports) = if section.is_writer {
                (&mut self.writers, &mut self.writers_killed, &mut self.reports_to_writers)
            } else {
                (&mut self.readers, &mut self.readers_killed, &mut self.reports_to_readers)
            };
            *all += 1;
            *killed += usize::from(section.was_killed());
            *reports += usize::from(matches!(section.report, Report::Death { .. }));
            self.uncertain += usize::from(section.report == Report::Uncertain);
        }
    }
}

/// How a section ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    Killed,
    /// It was about to be released, and perhaps was.
    Releasing,
    Released,
}

/// What a holder learned about the death of an earlier one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Report {
    None,
    Death {
        process: u32,
        token: u64,
    },
    /// The record could not be read or written, so the report may be missing.
    Uncertain,
}

/// A section, as it was logged.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) worker: usize,
    #[expect(dead_code, reason = "for the message of a failure")]
    actor: usize,
    pub(super) since: i128,
    /// When it was about to be released, or when its process was about to be killed.
    pub(super) until: i128,
    pub(super) end: End,
    pub(super) is_writer: bool,
    pub(super) token: u64,
    pub(super) found: u64,
    pub(super) report: Report,
}

impl Section {
    pub(super) fn was_killed(&self) -> bool {
        self.end == End::Killed
    }
}

/// The kills, by the numbers of the workers.
pub(super) type Kills = HashMap<usize, Kill>;

#[derive(Debug)]
pub(super) struct Kill {
    pub(super) process: u32,
    /// The time just before the kill.
    pub(super) after: i128,
}

pub(super) struct Logs {
    pub(super) counts: Counts,
    /// All sections, by the name of their lock.
    pub(super) sections: BTreeMap<String, Vec<Section>>,
    pub(super) kills: Kills,
}

impl Logs {
    pub(super) fn read(folder: &Path) -> Self {
        let kills = kills(folder);
        let mut logs = Self { counts: Counts::default(), sections: BTreeMap::new(), kills };
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "log") {
                let log = path.file_stem().unwrap().to_str().unwrap().split_once('-').unwrap();
                let log = (log.0.parse().unwrap(), log.1.parse().unwrap());
                logs.add(log, &fs::read_to_string(&path).unwrap());
            }
        }
        logs
    }

    /// Adds the log of one thread or task of a worker.
    fn add(&mut self, log: (usize, usize), text: &str) {
        let mut sections: Vec<(&str, Section)> = Vec::new();
        let mut releasing = Vec::new();
        // A kill can cut a write at the end of a page. If that was the line of an acquisition, the counter
        // is not written yet; if it was that of a release, the section counts as killed.
        let (whole, _cut) = text.rsplit_once('\n').unwrap_or_default();
        for line in whole.lines() {
            let words: Vec<_> = line.split(' ').collect();
            match words[..] {
                ["acquired", _, since, name, is_writer, token, found, report] => {
                    let section = Section {
                        worker: log.0,
                        actor: log.1,
                        since: since.parse().unwrap(),
                        until: i128::MAX,
                        end: End::Killed,
                        is_writer: is_writer.parse().unwrap(),
                        token: token.parse().unwrap(),
                        found: found.parse().unwrap(),
                        report: Report::parse(report),
                    };
                    sections.push((name, section));
                }
                ["releasing", number, until] => {
                    let number: usize = number.parse().unwrap();
                    let section = &mut sections[number - 1].1;
                    (section.until, section.end) = (until.parse().unwrap(), End::Releasing);
                    releasing.push(number - 1);
                }
                ["released"] => {
                    releasing.drain(..).for_each(|it| sections[it].1.end = End::Released);
                }
                ["count", ..] => {
                    *self.counts.others.entry(words[1..].join(" ")).or_default() += 1;
                }
                _ => panic!("{log:?}: {line}"),
            }
        }
        for (name, mut section) in sections {
            if section.was_killed() {
                section.until =
                    self.kills.get(&log.0).expect("a section that has not ended was killed").after;
            }
            self.sections.entry(name.to_owned()).or_default().push(section);
        }
    }
}

impl Report {
    fn parse(word: &str) -> Self {
        match word {
            "none" => Self::None,
            "uncertain" => Self::Uncertain,
            death => {
                let (process, token) = death.split_once(':').unwrap();
                let (process, token) = (process.parse().unwrap(), token.parse().unwrap());
                Self::Death { process, token }
            }
        }
    }
}

fn kills(folder: &Path) -> Kills {
    let kills = fs::read_to_string(folder.join("kills")).unwrap();
    let kill = |line: &str| {
        let words: Vec<_> = line.split(' ').collect();
        let [worker, process, after] = words[..] else { panic!("{line}") };
        let (process, after) = (process.parse().unwrap(), after.parse().unwrap());
        (worker.parse().unwrap(), Kill { process, after })
    };
    kills.lines().map(kill).collect()
}
