//! A kill storm: many processes share several locks, while a fault injector kills and stops them, and
//! removes their files and renames their folder. Writers and readers wait in threads and in tasks;
//! some tasks are cancelled while they wait, and some are not polled when they are offered a lock.
//! From the logs of all of them a checker decides whether the locks have kept their promises.
//!
//! `JAM_LOCK_STORM=20` runs 20 long storms, with consecutive seeds from `JAM_LOCK_SEED` on; without it
//! there is one short storm. `JAM_LOCK_SOAK=3600` is the duration of the soak in seconds, instead of 20.

#![cfg(target_os = "linux")]

mod checker;
mod fault_injector;
mod flock;
mod leftovers;
mod permits;
mod soak;
mod workers;

use std::env;

use self::checker::check;
use self::fault_injector::FaultInjector;

/// The minimum that happens in a storm.
#[derive(Clone, Copy)]
struct Size {
    kills: usize,
    acquisitions: u64,
}

const SHORT: Size = Size { kills: 500, acquisitions: 50_000 };
const LONG: Size = Size { kills: 2_000, acquisitions: 200_000 };

#[test]
fn no_sections_overlap_no_update_is_lost_and_no_lock_is_stuck() {
    let number = |variable| env::var(variable).ok().map(|it| it.parse::<u64>().expect("a number"));
    let first = number("JAM_LOCK_SEED").unwrap_or_else(|| fastrand::u64(..1 << 32));
    let (storms, size) = match number("JAM_LOCK_STORM") {
        Some(storms) => (storms, LONG),
        None => (1, SHORT),
    };
    for seed in first..first + storms {
        println!("storm {seed}");
        let (folder, faults, lost_records) = FaultInjector::new(seed).run(size);
        let counts = check(folder.path(), &lost_records);
        println!("storm {seed}: {faults:?}, {counts:?}");
    }
}
