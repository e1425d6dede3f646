//! What the owners of a storm have held and waited for, and whether the cycles that they report existed.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// The time on the clock of the storm.
type Time = i128;

/// What has happened in a storm.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) acquisitions: usize,
    pub(super) deadlocks: usize,
    /// The length of the longest cycle.
    longest: usize,
    /// The longest time in milliseconds from the start of the last wait of a cycle to its report.
    slowest: i128,
}

/// The waits by the process of the owner and the name of the lock.
type Waits<'a> = HashMap<(u32, &'a str), Vec<&'a Period>>;

/// The time between two events of an owner.
#[derive(Debug)]
struct Period {
    process: u32,
    name: String,
    begin: Time,
    end: Time,
    /// What the owner held meanwhile.
    held: Vec<String>,
}

/// A deadlock, as an owner has reported it: the process of each owner, and what that holds and wants.
struct Report {
    at: Time,
    cycle: Vec<(u32, String, String)>,
}

#[derive(Default)]
struct History {
    holds: Vec<Period>,
    waits: Vec<Period>,
    reports: Vec<Report>,
}

/// Checks the logs in `folder`; `killed` has the time at which each killed process was gone.
pub(super) fn check(folder: &Path, killed: &HashMap<u32, Time>) -> Counts {
    let mut history = History::default();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "log") {
            history.read(&fs::read_to_string(path).unwrap(), killed);
        }
    }
    history.check_overlaps();
    let acquisitions = history.holds.len();
    let mut counts = Counts { acquisitions, ..Counts::default() };
    let mut waits: Waits<'_> = HashMap::new();
    for wait in &history.waits {
        waits.entry((wait.process, &wait.name)).or_default().push(wait);
    }
    for report in &history.reports {
        let since = report.existed_since(&waits);
        let since = since.unwrap_or_else(|| panic!("it was never a cycle: {:?}", report.cycle));
        counts.deadlocks += 1;
        counts.longest = counts.longest.max(report.cycle.len());
        counts.slowest = counts.slowest.max((report.at - since) / 1_000_000);
    }
    counts
}

impl History {
    /// Reads the log of one owner.
    fn read(&mut self, log: &str, killed: &HashMap<u32, Time>) {
        let mut process = 0;
        let mut wait: Option<(Time, String)> = None;
        let mut held: Vec<(Time, String)> = Vec::new();
        // The last line may have been cut short.
        for line in log.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let [at, what, text] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
                panic!("{line}");
            };
            let at = at.parse().unwrap();
            if let (Some((begin, name)), true) =
                (&wait, matches!(what, "held" | "deadlock" | "released"))
            {
                let held = held.iter().map(|(_, name)| name.clone()).collect();
                let (name, begin) = (name.clone(), *begin);
                self.waits.push(Period { process, name, begin, end: at, held });
                wait = None;
            }
            match what {
                "process" => process = text.parse().unwrap(),
                "wait" => wait = Some((at, text.to_owned())),
                "held" => held.push((at, text.to_owned())),
                "released" => {
                    let (begin, name) = held.pop().unwrap();
                    assert_eq!(name, text);
                    self.holds.push(Period { process, name, begin, end: at, held: Vec::new() });
                }
                "deadlock" => {
                    let cycle = text.split(',').map(|owner| {
                        let [process, holds, wants] = owner.split(':').collect::<Vec<_>>()[..]
                        else {
                            panic!("{line}");
                        };
                        (process.parse().unwrap(), holds.to_owned(), wants.to_owned())
                    });
                    let cycle: Vec<_> = cycle.collect();
                    assert_eq!(cycle[0].0, process, "the reporter is not the first: {cycle:?}");
                    self.reports.push(Report { at, cycle });
                }
                _ => panic!("{line}"),
            }
        }
        let Some(end) = killed.get(&process).copied() else {
            assert!(wait.is_none() && held.is_empty(), "an owner of {process} is stuck");
            return;
        };
        if let Some((begin, name)) = wait {
            let held = held.iter().map(|(_, name)| name.clone()).collect();
            self.waits.push(Period { process, name, begin, end, held });
        }
        // When a lock was released by the death of its holder is not known.
        let last = held.last().map(|(at, _)| *at);
        for (begin, name) in held {
            let end = last.unwrap_or(begin);
            self.holds.push(Period { process, name, begin, end, held: Vec::new() });
        }
    }

    /// Checks that no lock was held twice at once.
    fn check_overlaps(&mut self) {
        self.holds.sort_by(|one, other| (&one.name, one.begin).cmp(&(&other.name, other.begin)));
        for pair in self.holds.windows(2) {
            let is_apart = pair[0].name != pair[1].name || pair[0].end <= pair[1].begin;
            assert!(is_apart, "{:?} and {:?} overlap", pair[0], pair[1]);
        }
    }
}

impl Report {
    /// Since when all the waits of the cycle were there, if they ever were at once.
    fn existed_since(&self, waits: &Waits<'_>) -> Option<Time> {
        let candidates = self.cycle.iter().map(|(process, holds, wants)| {
            let waits = waits.get(&(*process, wants.as_str())).into_iter().flatten();
            waits.filter(|wait| wait.held.contains(holds)).collect::<Vec<_>>()
        });
        let mut periods = vec![(Time::MIN, self.at)];
        for waits in candidates {
            let both = |(begin, end): &(Time, Time)| {
                let common = waits.iter().map(|wait| (wait.begin.max(*begin), wait.end.min(*end)));
                common.filter(|(begin, end)| begin < end).collect::<Vec<_>>()
            };
            periods = periods.iter().flat_map(both).collect();
        }
        // The reporter was waiting until it reported.
        periods.into_iter().map(|(begin, _)| begin).max()
    }
}
