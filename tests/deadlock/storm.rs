//! A storm of deadlocks: owners of several processes acquire locks in random order, while processes are
//! killed. From the logs of all of them an oracle decides whether every reported cycle has existed.
//!
//! `JAM_LOCK_SOAK=600` is how many seconds it lasts, instead of ten.
#![cfg(target_os = "linux")]

mod oracle;

use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use jam_lock_tests::LONG;
use jam_lock_tests::order::Order;
use jam_lock_tests::storm::clock;

const PROCESSES: usize = 8;

fn start(folder: &Path, number: u64, seed: u64) -> Child {
    let mut command = Order::DeadlockStorm { folder, number, seed }.command();
    command.stdin(Stdio::null()).spawn().unwrap()
}

/// Waits until the process has ended without an error.
fn finish(mut child: Child) {
    let end = Instant::now() + LONG;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return;
        }
        if end < Instant::now() {
            child.kill().unwrap();
            panic!("process {} is stuck", child.id());
        }
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn owners_are_never_stuck_and_every_reported_cycle_has_existed() {
    let seconds = env::var("JAM_LOCK_SOAK").map_or(10, |it| it.parse().expect("a number"));
    let seed = env::var("JAM_LOCK_SEED")
        .map_or_else(|_| fastrand::u64(..1 << 32), |it| it.parse().unwrap());
    println!("storm {seed}");
    let folder = tempfile::tempdir().unwrap();
    let mut random = Rng::with_seed(seed);
    let mut next = 0..;
    let mut start = || start(folder.path(), next.next().unwrap(), seed);
    let mut children: Vec<_> = (0..PROCESSES).map(|_| start()).collect();
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut killed = HashMap::new();
    while Instant::now() < end {
        thread::sleep(Duration::from_millis(random.u64(50..400)));
        let mut child = children.swap_remove(random.usize(..children.len()));
        child.kill().unwrap();
        child.wait().unwrap();
        killed.insert(child.id(), clock());
        children.push(start());
    }
    fs::write(folder.path().join("stop"), "").unwrap();
    children.into_iter().for_each(finish);
    let counts = oracle::check(folder.path(), &killed);
    println!("storm {seed}: {} kills, {counts:?}", killed.len());
    assert!(counts.acquisitions > 100 && counts.deadlocks > 10, "{counts:?}");
}
