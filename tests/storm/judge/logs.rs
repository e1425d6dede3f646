//! What the processes of a storm have logged.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

/// What was judged.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    writers: usize,
    readers: usize,
    writers_killed: usize,
    readers_killed: usize,
    /// How many writers and readers were told that somebody had died.
    told_writers: usize,
    told_readers: usize,
    /// How many of the writers had to be told, whatever was not logged.
    pub(super) due: usize,
    /// How many could not read or write the record.
    uncertain: usize,
    /// What else was counted.
    others: BTreeMap<String, usize>,
}

impl Counts {
    pub(super) fn add(&mut self, sections: &[Section]) {
        for section in sections {
            let (all, killed, told) = if section.is_writer {
                (&mut self.writers, &mut self.writers_killed, &mut self.told_writers)
            } else {
                (&mut self.readers, &mut self.readers_killed, &mut self.told_readers)
            };
            *all += 1;
            *killed += usize::from(section.was_killed());
            *told += usize::from(matches!(section.told, Told::Died { .. }));
            self.uncertain += usize::from(section.told == Told::Uncertain);
        }
    }
}

/// How a section ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    Killed,
    /// It was about to be released, and perhaps was.
    Left,
    Released,
}

/// What a holder was told of who died before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Told {
    Nobody,
    Died {
        process: u32,
        token: u64,
    },
    /// Perhaps not what there was to tell, and perhaps it could not be recorded itself.
    Uncertain,
}

/// A section, as it was logged.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) worker: usize,
    #[expect(dead_code, reason = "for those who read the message of a failure")]
    hand: usize,
    pub(super) since: i128,
    /// When it was about to be released, or when its process was about to be killed.
    pub(super) until: i128,
    pub(super) end: End,
    pub(super) is_writer: bool,
    pub(super) token: u64,
    pub(super) found: u64,
    pub(super) told: Told,
}

impl Section {
    pub(super) fn was_killed(&self) -> bool {
        self.end == End::Killed
    }
}

/// That a worker was killed, by its number.
pub(super) type Kills = HashMap<usize, Kill>;

#[derive(Debug)]
pub(super) struct Kill {
    pub(super) process: u32,
    /// It was killed after that.
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

    /// Adds the log of one hand of a worker.
    fn add(&mut self, log: (usize, usize), text: &str) {
        let mut sections: Vec<(&str, Section)> = Vec::new();
        let mut left = Vec::new();
        // A write that goes over the end of a page can be cut there by a kill. Who was cut while it
        // entered has written no counter yet; who was cut while it left counts as killed inside.
        let (whole, _cut) = text.rsplit_once('\n').unwrap_or_default();
        for line in whole.lines() {
            let words: Vec<_> = line.split(' ').collect();
            match words[..] {
                ["enter", _, since, name, is_writer, token, found, told] => {
                    let section = Section {
                        worker: log.0,
                        hand: log.1,
                        since: since.parse().unwrap(),
                        until: i128::MAX,
                        end: End::Killed,
                        is_writer: is_writer.parse().unwrap(),
                        token: token.parse().unwrap(),
                        found: found.parse().unwrap(),
                        told: Told::parse(told),
                    };
                    sections.push((name, section));
                }
                ["leave", number, until] => {
                    let number: usize = number.parse().unwrap();
                    let section = &mut sections[number - 1].1;
                    (section.until, section.end) = (until.parse().unwrap(), End::Left);
                    left.push(number - 1);
                }
                ["released"] => left.drain(..).for_each(|it| sections[it].1.end = End::Released),
                ["count", ..] => {
                    *self.counts.others.entry(words[1..].join(" ")).or_default() += 1;
                }
                _ => panic!("{log:?}: {line}"),
            }
        }
        for (name, mut section) in sections {
            if section.was_killed() {
                section.until = self.kills.get(&log.0).expect("it was killed inside").after;
            }
            self.sections.entry(name.to_owned()).or_default().push(section);
        }
    }
}

impl Told {
    fn parse(word: &str) -> Self {
        match word {
            "nobody" => Self::Nobody,
            "uncertain" => Self::Uncertain,
            died => {
                let (process, token) = died.split_once(':').unwrap();
                let (process, token) = (process.parse().unwrap(), token.parse().unwrap());
                Self::Died { process, token }
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
