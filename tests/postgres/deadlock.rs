//! Two who wait for each other.

use jam_lock_tests::LONG;
use jam_lock_tests::peers::{Peer, peer};

use super::*;

#[test]
fn two_processes_that_wait_in_a_circle_do_not_wait_for_ever() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let start = |first, second| Peer::start(peer().args(["both", &url, first, second]));
    let mut peers = [start("a", "b"), start("b", "a")];
    for peer in &mut peers {
        assert_eq!(peer.answer(), "held");
    }
    for peer in &mut peers {
        peer.order("go on");
    }
    // The one is told, has lost its first lock to the other, and that one goes on.
    let mut answers = peers.each_mut().map(Peer::answer);
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
    let held = a.acquire().unwrap();
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let b = b.acquire().unwrap();
            let a = a.timeout(LONG).acquire().unwrap();
            let same = holders(server, &url, "a") == holders(server, &url, "b");
            drop((a, b));
            same
        });
        jam_lock_tests::peers::until("the other has its first", || is_held(server, &url, "b"));
        std::thread::sleep(std::time::Duration::from_millis(20));
        drop(held);
        assert!(other.join().unwrap());
    });
}
