//! Holders that are killed at any moment.
//!
//! Each keeps a journal outside the lock's own files, so that the report to the next holder can be
//! compared with what happened.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use jam_lock::Holder;

use crate::{LONG, folder, lock};
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::order::Order;

/// How many are killed in all, in so many folders in parallel.
const KILLS: usize = 1_000;
const FOLDERS: usize = 4;

/// What the threads of a process were doing last, by its journal.
#[derive(Default)]
struct Journal {
    states: Vec<String>,
    tokens: Vec<u64>,
}

impl Journal {
    fn read(folder: &Path, threads: usize) -> Self {
        let mut journal = Self { states: vec![String::new(); threads], tokens: Vec::new() };
        for line in fs::read_to_string(folder.join("journal")).unwrap().lines() {
            let (thread, state) = line.split_once(' ').unwrap();
            state.clone_into(&mut journal.states[thread.parse::<usize>().unwrap()]);
            if let Some((_, token)) = state.split_once(' ') {
                journal.tokens.push(token.parse().unwrap());
            }
        }
        journal
    }

    /// Whether one of them held the lock; `None` if it was just acquiring or releasing it.
    fn died_as_holder(&self) -> Option<bool> {
        if self.states.iter().any(|state| state.starts_with("holds")) {
            return Some(true);
        }
        let is_idle = self.states.iter().all(|state| state.is_empty() || state == "idle");
        is_idle.then_some(false)
    }
}

/// Kills processes, and counts those that certainly did not hold the lock, and those that did.
fn kill(kills: usize, threads: usize) -> [usize; 2] {
    let folder = folder();
    let journal = folder.path().join("journal");
    let lock = lock(folder.path(), "x").timeout(LONG);
    let (mut last_token, mut counts) = (0, [0; 2]);
    for _ in 0..kills {
        fs::write(&journal, "").unwrap();
        let child = Child::spawn(&Order::KeepJournal { folder: folder.path(), name: "x", threads });
        let id = child.id();
        // It makes some progress before, however slow the machine is.
        let entries = fastrand::usize(4..16);
        wait_until("the journal has enough entries", || {
            fs::read_to_string(&journal).unwrap().lines().count() >= entries
        });
        thread::sleep(Duration::from_micros(fastrand::u64(0..500)));
        child.kill();

        let guard = lock.acquire().unwrap();
        let journal = Journal::read(folder.path(), threads);
        let reported = guard.abandoned().map(Holder::process);
        if let Some(is_holder) = journal.died_as_holder() {
            assert_eq!(reported.is_some(), is_holder, "{:?}", journal.states);
            counts[usize::from(is_holder)] += 1;
        }
        assert!(reported.is_none_or(|process| process == Some(id)), "another process is named");
        for token in journal.tokens.into_iter().chain([guard.token()]) {
            assert!(token > last_token, "{token} follows {last_token}");
            last_token = token;
        }
    }
    counts
}

#[test]
fn every_death_with_the_lock_is_reported_and_no_other_and_tokens_rise() {
    let counts = thread::scope(|scope| {
        let killing: Vec<_> = (0..FOLDERS)
            .map(|folder| scope.spawn(move || kill(KILLS / FOLDERS, 1 + folder % 3)))
            .collect();
        killing
            .into_iter()
            .map(|it| it.join().unwrap())
            .fold([0; 2], |sum, counts| [sum[0] + counts[0], sum[1] + counts[1]])
    });
    assert!(counts.iter().all(|count| *count > KILLS / 20), "{counts:?} of each kind");
    println!("{} certainly died without the lock, and {} with it", counts[0], counts[1]);
}
