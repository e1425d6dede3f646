//! Many processes over several locks, and a conductor that kills and stops them, removes their
//! files and renames their folder. Writers and readers wait in threads and in tasks; some tasks are
//! cancelled while they wait, and some are not polled while they are offered a lock. Whether the
//! locks did what they promise is judged from what everybody logged.
//!
//! `JAM_LOCK_STORM=20` makes 20 long storms, whose seeds follow each other from `JAM_LOCK_SEED` on;
//! without it there is one short storm.
//! `JAM_LOCK_SOAK=3600` is how many seconds the soak takes, instead of a minute.

#![cfg(target_os = "linux")]

mod conductor;
mod crew;
mod flock;
mod judge;
mod litter;
mod soak;

use std::env;

use self::conductor::Conductor;
use self::judge::judge;

/// How much happens in a storm, at the least.
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
        let conductor = Conductor::new(seed);
        let (folder, deeds, losses) = conductor.conduct(size);
        let counts = judge(folder.path(), &losses);
        println!("storm {seed}: {deeds:?}, {counts:?}");
    }
}
