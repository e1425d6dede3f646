//! Other programs that lock the same file keep a job waiting, and do not touch its last run.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use jam_lock_tests::child::{self, Child};
use jam_lock_tests::clock::TestClock;
use jam_lock_tests::end::End;
use jam_lock_tests::order::Order;

use crate::folder;
use crate::python::Library;

/// Locks and unlocks `file` with `flock(1)` and with Jam.py's library, until `is_over`.
fn disturb(file: &Path, jam: &Library, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        Child::flock(file, "-x").release();
        jam.holding(file).release();
    }
}

#[test]
fn beside_flock_1_and_jam_py_a_job_runs_once_in_each_period() {
    let Some(jam) = Library::of_jam() else { return };
    let (folder, mut clock, is_over) = (folder(), TestClock::new(), AtomicBool::new(false));
    let file = folder.path().join("nightly.lock");
    let order = Order::RunJob { location: folder.path(), name: "nightly" };
    let start = || Child::start(&mut clock.used_by(order.command())).after("ready");
    let mut children: Vec<_> = (0..8).map(|_| start()).collect();
    thread::scope(|scope| {
        scope.spawn(|| disturb(&file, &jam, &is_over));
        let _end = End(&is_over);
        for round in 0..6 {
            let ends = child::answers(&mut children, "-1 well");
            let ran = ends.iter().filter(|end| *end == "ran").count();
            let refused = ends.iter().filter(|end| end.starts_with("too soon")).count();
            assert_eq!((ran, refused), (1, 7), "round {round}: {ends:?}");
            clock.set(clock.now() + Duration::from_secs(2));
        }
    });
    // A job waits for them, and runs, or is too soon, once they have released the lock.
    let wait_for = |holder: Child, child: &mut Child| {
        child.send("0 well");
        assert_eq!(child.next_line(), "in progress");
        child.send("-1 well");
        holder.release();
        child.next_line()
    };
    assert_eq!(wait_for(Child::flock(&file, "-x"), &mut children[0]), "ran");
    assert!(wait_for(jam.holding(&file), &mut children[0]).starts_with("too soon"));
}
