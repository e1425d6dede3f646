//! Deadlocks between owners of one process, of several, and of both.

use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Barrier, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use jam_lock::locked;
use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::order::Order;

use super::*;

/// What has become of an owner that acquired two locks, one inside the other.
type Outcome = Result<(), LockError>;

/// Starts threads that acquire two locks each, the second one as soon as all have the first, and
/// `go_on` has been called.
fn start_threads<const N: usize>(
    locks: &Locks,
    orders: [[&'static str; 2]; N],
    go_on: impl FnOnce(),
) -> Receiver<Outcome> {
    let (sender, outcomes) = mpsc::channel();
    let barrier = Arc::new(Barrier::new(N + 1));
    for order in orders {
        let [first, second] = order.map(|name| locks.lock(lock_name(name)));
        let (barrier, sender) = (Arc::clone(&barrier), sender.clone());
        thread::spawn(move || {
            let held = first.acquire().unwrap();
            barrier.wait();
            barrier.wait();
            let outcome = second.acquire().map(drop);
            drop(held);
            let _ = sender.send(outcome);
        });
    }
    barrier.wait();
    go_on();
    barrier.wait();
    outcomes
}

/// Waits for the outcomes of `count` owners, and returns how many of them were in a deadlock.
fn deadlocks(outcomes: &Receiver<Outcome>, count: usize) -> usize {
    let outcomes = (0..count).map(|_| outcomes.recv_timeout(LONG).expect("no owner is stuck"));
    let is_deadlock = |outcome: Outcome| match outcome {
        Ok(()) => false,
        Err(LockError::Deadlock { .. }) => true,
        Err(error) => panic!("{error}"),
    };
    outcomes.map(is_deadlock).filter(|is_deadlock| *is_deadlock).count()
}

#[test]
fn a_deadlock_of_two_threads_is_resolved() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let outcomes = start_threads(&locks(&url), [["a", "b"], ["b", "a"]], || ());
    assert_eq!(deadlocks(&outcomes, 2), 1);
    assert_nothing_is_left(server, &url, ["a", "b"]);
}

#[test]
fn a_deadlock_of_several_threads_is_resolved() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let orders = [["a", "b"], ["b", "c"], ["c", "d"], ["d", "a"]];
    let outcomes = start_threads(&locks(&url), orders, || ());
    assert_eq!(deadlocks(&outcomes, 4), 1);
    assert_nothing_is_left(server, &url, ["a", "b", "c", "d"]);
}

/// Acquires two locks, the second one as soon as another task has its first.
#[locked(first.clone(), locks = locks)]
async fn acquire_two(
    locks: &Locks,
    first: LockName,
    second: LockName,
    barrier: &tokio::sync::Barrier,
) -> Outcome {
    barrier.wait().await;
    locked!(second, locks = locks, async {}).await
}

#[test]
fn a_deadlock_of_two_tasks_is_resolved() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let (sender, outcomes) = mpsc::channel();
    let locks = locks(&url);
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let barrier = tokio::sync::Barrier::new(2);
            let run = async |first, second| {
                let (first, second) = (lock_name(first), lock_name(second));
                let _ = sender.send(acquire_two(&locks, first, second, &barrier).await);
            };
            tokio::join!(run("a", "b"), run("b", "a"));
        });
    });
    assert_eq!(deadlocks(&outcomes, 2), 1);
    assert_nothing_is_left(server, &url, ["a", "b"]);
}

#[test]
fn a_deadlock_of_two_threads_and_another_process_is_resolved() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let order = Order::AcquireTwo { location: url.as_ref(), first: "c", second: "a" };
    let mut child = Child::spawn(&order).after("held");
    let outcomes = start_threads(&locks(&url), [["a", "b"], ["b", "c"]], || child.send("go on"));
    let here = deadlocks(&outcomes, 2);
    let there = usize::from(child.next_line().starts_with("deadlock"));
    assert_eq!(here + there, 1);
    assert_nothing_is_left(server, &url, ["a", "b", "c"]);
}

#[test]
fn a_deadlock_of_two_processes_with_two_threads_each_is_resolved() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let [first, second, third] = ["c", "d", "a"];
    let order = Order::AcquireThree { location: url.as_ref(), first, second, third };
    let mut child = Child::spawn(&order).after("held");
    let outcomes = start_threads(&locks(&url), [["a", "b"], ["b", "c"]], || child.send("go on"));
    let here = deadlocks(&outcomes, 2);
    let there = [child.next_line(), child.next_line()];
    let there = there.iter().filter(|line| line.starts_with("deadlock")).count();
    assert_eq!(here + there, 1);
    assert_nothing_is_left(server, &url, ["a", "b", "c", "d"]);
}

#[test]
fn a_deadlock_behind_a_waiter_that_holds_nothing_is_resolved() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let order = Order::AcquireTwo { location: url.as_ref(), first: "b", second: "a" };
    let mut child = Child::spawn(&order).after("held");
    let locks = locks(&url);
    let before = locks.lock(lock_name("b"));
    let (sender, first_in_the_queue) = mpsc::channel();
    let outcomes = start_threads(&locks, [["a", "b"]], || {
        thread::spawn(move || {
            drop(before.acquire());
            let _ = sender.send(());
        });
        wait_until("it waits", || is_waited_for(server, &url, "b"));
        child.send("go on");
    });
    let here = deadlocks(&outcomes, 1);
    let there = usize::from(child.next_line().starts_with("deadlock"));
    assert_eq!(here + there, 1);
    first_in_the_queue.recv_timeout(LONG).unwrap();
    assert_nothing_is_left(server, &url, ["a", "b"]);
}

/// Acquires three of the locks, one inside the other, in an order that `seed` determines.
fn acquire_some(locks: &[(Lock, Mutex<()>); 4], seed: usize) -> Outcome {
    let chosen = [seed % 4, seed / 4 % 4, seed / 16 % 4].map(|number| &locks[number]);
    // What is inside leaves before its lock is released.
    let mut held: Vec<(MutexGuard<'_, ()>, LockGuard)> = Vec::new();
    for (lock, inside) in chosen {
        if held.iter().any(|(_, guard)| guard.name() == lock.name()) {
            continue;
        }
        let guard = lock.acquire()?;
        held.push((inside.try_lock().expect("no other thread is inside"), guard));
    }
    Ok(())
}

#[test]
fn threads_that_acquire_locks_in_any_order_all_finish() {
    const THREADS: usize = 5;
    const ROUNDS: usize = 15;
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let all = locks(&url);
    let names = ["a", "b", "c", "d"];
    let locks = Arc::new(names.map(|name| (all.lock(lock_name(name)), Mutex::new(()))));
    let (sender, outcomes) = mpsc::channel();
    for thread in 0..THREADS {
        let (locks, sender) = (Arc::clone(&locks), sender.clone());
        thread::spawn(move || {
            for round in 0..ROUNDS {
                let seed = (thread * 7919 + round * 104_729).wrapping_mul(2_654_435_761) >> 8;
                let _ = sender.send(acquire_some(&locks, seed));
            }
        });
    }
    deadlocks(&outcomes, THREADS * ROUNDS);
    assert_nothing_is_left(server, &url, names);
}

#[test]
fn a_slow_holder_of_the_same_process_is_no_deadlock() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let slow = locks.lock(lock_name("b")).acquire().unwrap();
    let outcomes = start_threads(&locks, [["a", "b"]], || ());
    wait_until("the server sees it wait", || is_waited_for(server, &url, "b"));
    // Longer than the server takes to look for deadlocks.
    thread::sleep(Duration::from_secs(1));
    assert!(outcomes.try_recv().is_err());
    drop(slow);
    assert_eq!(deadlocks(&outcomes, 1), 0);
    assert_nothing_is_left(server, &url, ["a", "b"]);
}

#[test]
fn a_deadlock_of_two_processes_is_resolved() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let start =
        |first, second| Child::spawn(&Order::AcquireTwo { location: url.as_ref(), first, second });
    let mut children = [start("a", "b"), start("b", "a")];
    for child in &mut children {
        assert_eq!(child.next_line(), "held");
    }
    for child in &mut children {
        child.send("go on");
    }
    // One gets the error and loses its first lock to the other, which continues.
    let mut answers = children.each_mut().map(Child::next_line);
    answers.sort();
    assert_eq!(answers, ["both, lost: false", "deadlock, lost: true"]);
}
