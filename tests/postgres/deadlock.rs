//! Two who wait for each other.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::order::Order;

use super::*;

#[test]
fn two_processes_that_wait_in_a_circle_do_not_wait_for_ever() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let location = url.as_ref();
    let start = |first, second| Child::spawn(&Order::AcquireTwo { location, first, second });
    let mut children = [start("a", "b"), start("b", "a")];
    for child in &mut children {
        assert_eq!(child.next_line(), "held");
    }
    for child in &mut children {
        child.send("go on");
    }
    // The one is told, has lost its first lock to the other, and that one goes on.
    let mut answers = children.each_mut().map(Child::next_line);
    answers.sort();
    assert_eq!(answers, ["both, lost: false", "deadlock, lost: true"]);
}

#[test]
fn locks_of_one_call_chain_share_a_connection() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let _first = locks.lock(called("a")).acquire().unwrap();
    let _second = locks.lock(called("b")).timeout(LONG).acquire().unwrap();
    assert_eq!(holders(server, &url, "a"), holders(server, &url, "b"));
}

#[test]
fn a_lock_that_is_handed_to_another_chain_does_not_mix_connections() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let (a, b) = (locks.lock(called("a")), locks.lock(called("b")));
    // Whether the one waits already when the other goes is chance, so there are some rounds.
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
