//! Deadlocks between processes.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::order::Order;

use super::*;

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

#[test]
fn locks_of_one_owner_share_a_connection() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let _first = locks.lock(lock_name("a")).acquire().unwrap();
    let _second = locks.lock(lock_name("b")).timeout(LONG).acquire().unwrap();
    assert_eq!(holders(server, &url, "a"), holders(server, &url, "b"));
}

#[test]
fn a_lock_handed_off_to_another_owner_is_on_its_connection() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let (a, b) = (locks.lock(lock_name("a")), locks.lock(lock_name("b")));
    // Whether one waits already when the other releases is a race, so there are several rounds.
    for _ in 0..20 {
        let (held, barrier) = (a.acquire().unwrap(), Barrier::new(2));
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                let _b = b.acquire().unwrap();
                barrier.wait();
                let _a = a.timeout(LONG).acquire().unwrap();
                (holders(server, &url, "a"), holders(server, &url, "b"))
            });
            barrier.wait();
            thread::sleep(Duration::from_millis(1));
            drop(held);
            let (has_a, has_b) = other.join().unwrap();
            assert_eq!(has_a, has_b);
        });
    }
}
