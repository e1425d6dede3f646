//! The tree of `watch`: which holders block which others.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::SystemTime;

use jam_lock::{Holder, HolderWait, State, Status};

use crate::output::plain;
use crate::text::{cut, duration};

/// The locks that others wait for, those whose holder waits longest first: below each lock are those
/// whose holders wait for it. At most `height` lines; `location` is where the locks are.
pub(super) fn tree(found: &[Status], location: &str, height: usize, width: usize) -> Vec<String> {
    let tree = Tree::new(found, location);
    let mut lines = Vec::new();
    for root in tree.roots() {
        tree.add(&mut lines, root, "", "");
    }
    if lines.is_empty() {
        lines.push("nobody waits".to_owned());
    }
    if lines.len() > height {
        let hidden = lines.split_off(height.saturating_sub(1));
        lines.push(format!("… {} more", hidden.len()));
    }
    lines.iter().map(|line| cut(line, width)).collect()
}

struct Tree<'a> {
    location: &'a str,
    /// The locks that are waited for, or whose holder waits, by name.
    locks: HashMap<&'a str, &'a Status>,
    /// By the name of a lock: those whose holders wait for it, which waits longest first.
    blocked: HashMap<&'a str, Vec<&'a Status>>,
}

impl<'a> Tree<'a> {
    fn new(found: &'a [Status], location: &'a str) -> Self {
        let is_shown = |status: &&Status| {
            status.waiting().is_some_and(|count| count > 0) || wait(status).is_some()
        };
        let locks: HashMap<_, _> =
            found.iter().filter(is_shown).map(|status| (status.name(), status)).collect();
        let mut tree = Self { location, locks, blocked: HashMap::new() };
        for status in tree.locks.values() {
            if let Some(blocking) = tree.blocking(status) {
                tree.blocked.entry(blocking.name()).or_default().push(status);
            }
        }
        let since = |status: &Status| wait(status).map(HolderWait::since);
        tree.blocked.values_mut().for_each(|waiting| earliest_first(waiting, since));
        tree
    }

    /// The locks whose holders do not wait, or not for a lock that is here; and one of each cycle.
    fn roots(&self) -> Vec<&'a Status> {
        let locks = self.locks.values().copied();
        let mut roots: Vec<_> = locks.filter(|status| self.is_root(status)).collect();
        earliest_first(&mut roots, |root| self.earliest(root, 0));
        roots
    }

    fn is_root(&self, status: &'a Status) -> bool {
        match self.cycle(status) {
            Some(cycle) => cycle.iter().all(|other| status.name() <= other.name()),
            None => self.blocking(status).is_none(),
        }
    }

    /// The lock that the holder of a lock waits for, if it is here.
    fn blocking(&self, status: &Status) -> Option<&'a Status> {
        let wait = wait(status).filter(|wait| wait.location() == self.location)?;
        self.locks.get(wait.name()).copied()
    }

    /// The locks of the cycle that the holder of a lock is in, if it is in one.
    fn cycle(&self, status: &'a Status) -> Option<Vec<&'a Status>> {
        let mut cycle = vec![status];
        loop {
            let next = self.blocking(cycle.last()?)?;
            if next.name() == status.name() {
                return Some(cycle);
            }
            if cycle.len() > self.locks.len() {
                return None;
            }
            cycle.push(next);
        }
    }

    /// Since when a holder waits for this lock, directly or through others.
    fn earliest(&self, status: &Status, depth: usize) -> Option<SystemTime> {
        let blocked = self.blocked.get(status.name()).into_iter().flatten();
        // A cycle has no end.
        let blocked = blocked.take_while(|_| depth < self.locks.len());
        let since = |it: &Status| wait(it).map(HolderWait::since);
        blocked.flat_map(|it| [since(it), self.earliest(it, depth + 1)]).flatten().min()
    }

    /// Adds a lock and, below it, those whose holders wait for it; a cycle is shown once.
    fn add(&self, lines: &mut Vec<String>, status: &'a Status, first: &str, others: &str) {
        let mark = if self.cycle(status).is_some() { "DEADLOCK " } else { "" };
        lines.push(format!("{first}{mark}{}", describe(status)));
        let blocked = self.blocked.get(status.name()).into_iter().flatten().copied();
        let below: Vec<_> = blocked.filter(|lock| !self.is_root(lock)).collect();
        for (number, lock) in below.iter().enumerate() {
            let is_last = number + 1 == below.len();
            let (branch, gap) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.add(lines, lock, &format!("{others}{branch}"), &format!("{others}{gap}"));
        }
    }
}

/// The lock, its holder, how many wait, and what the holder waits for.
fn describe(status: &Status) -> String {
    if let State::Permits { .. } = status.state() {
        let (name, state, waiting) = (status.name(), status.state(), waiting(status));
        return plain(&format!("{name}: {state} permits held{waiting}"));
    }
    let held_for = status.holder().and_then(Holder::held_for);
    let held_for = held_for.map(|it| format!(" for {}", duration(it))).unwrap_or_default();
    let holder = status.holder().map_or("an unknown process".to_owned(), ToString::to_string);
    let waiting = waiting(status);
    let wait = wait(status).map(|wait| {
        let waited = wait.waiting_for().map(|it| format!(" {}", duration(it)));
        format!(", has waited{} for {}", waited.unwrap_or_default(), wait.name())
    });
    let name = status.name();
    plain(&format!("{name}: held{held_for} by {holder}{waiting}{}", wait.unwrap_or_default()))
}

/// How many wait for a lock, to be added to it.
fn waiting(status: &Status) -> String {
    match status.waiting() {
        Some(0) | None => String::new(),
        Some(count) => format!(", {count} waiting"),
    }
}

fn wait(status: &Status) -> Option<&HolderWait> {
    status.holder()?.waits_for()
}

/// Sorts by time, with those without one last, and then by name.
fn earliest_first(statuses: &mut [&Status], time: impl Fn(&Status) -> Option<SystemTime>) {
    statuses.sort_by(|one, other| {
        let by_time = match (time(one), time(other)) {
            (Some(one), Some(other)) => one.cmp(&other),
            (one, other) => one.is_none().cmp(&other.is_none()),
        };
        match by_time {
            Ordering::Equal => one.name().cmp(other.name()),
            unequal => unequal,
        }
    });
}
