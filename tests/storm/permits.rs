//! A storm of permits: no permit ever has two holders, and none is lost, although processes are killed.

use std::path::Path;

use jam_lock::{LockName, Locks, State};
use jam_lock_tests::child::Child;
use jam_lock_tests::order::Order;

/// How many processes there are at a time, and how many are killed.
const PROCESSES: usize = 8;
const KILLS: usize = 12;

/// How often each of the four owners of a process acquires a permit.
const TIMES: usize = 200;

#[test]
fn three_permits_have_three_holders_at_the_most_and_none_is_lost() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let locks = Locks::open(folder.path()).unwrap();
    let lock = locks.lock(LockName::new("export").unwrap().with_permits(3).unwrap());
    let mut seed = fastrand::u64(..1 << 32);
    println!("storm {seed}");
    let mut start = |data: &Path| {
        seed += 1;
        let location = folder.path();
        Child::spawn(&Order::PermitStorm { location, data, seed, times: TIMES })
    };
    let mut children: Vec<_> = (0..PROCESSES).map(|_| start(data.path())).collect();
    let mut most = 0;
    for _ in 0..KILLS {
        // Enough looks for the processes to be at work, however slow the machine is.
        for _ in 0..20 {
            if let State::Permits { held, .. } = lock.status().unwrap().state() {
                most = most.max(held);
            }
        }
        children.remove(fastrand::usize(..PROCESSES)).kill();
        children.push(start(data.path()));
    }
    for child in children {
        assert_eq!(child.finish(), ["done"], "it has found no second holder");
    }
    assert_eq!(most, 3, "three were inside at some time");
    let guards: Vec<_> = (0..3).map(|_| lock.try_acquire().unwrap()).collect();
    drop(guards);
}
