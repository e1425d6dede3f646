//! Many processes on one lock and one table, while everything fails that can.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use fastrand::Rng;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::order::Order;
use jam_lock_tests::proxy::Proxy;

use super::*;

const SELLERS: usize = 8;
const PIECES: usize = 400;

/// What was done to the server and the wires.
#[derive(Debug, Default)]
struct Deeds {
    ended_sessions: usize,
    crashes: usize,
    cuts: usize,
    delays: usize,
}

#[test]
fn nobody_overlaps_who_was_not_told_and_no_update_is_lost() {
    let Some(server) = Server::start() else { return };
    server.ask(
        "CREATE TABLE stock (sold int NOT NULL); INSERT INTO stock VALUES (0);
        CREATE TABLE sale (seller int, piece int, PRIMARY KEY (seller, piece))",
    );
    let folder = tempfile::tempdir().unwrap();
    let wires = [Proxy::to(server.port()), Proxy::to(server.port())];
    let sellers = (0..SELLERS)
        .map(|number| {
            let locks = format!("{}?namespace=shop", server.url_at(wires[number % 2].port()));
            let order = Order::Sell {
                locks: locks.as_ref(),
                data: &server.url(),
                log: &folder.path().join(number.to_string()),
                seller: number.try_into().unwrap(),
                pieces: PIECES.try_into().unwrap(),
            };
            order.command().spawn().unwrap()
        })
        .collect();
    let deeds = do_harm(&server, &wires, Sellers(sellers));
    let sold = server.one("SELECT sold, (SELECT count(*) FROM sale) FROM stock");
    assert_eq!(sold, format!("{0} {0}", SELLERS * PIECES), "{deeds:?}");
    let (kept, lost) = judge(folder.path());
    println!("{deeds:?}, {kept} sections kept their lock, {lost} lost it");
}

/// The processes, which end with the test however that ends.
struct Sellers(Vec<Child>);

impl Sellers {
    fn are_done(&mut self) -> bool {
        self.0.retain_mut(|seller| match seller.try_wait().unwrap() {
            None => true,
            Some(status) => {
                assert!(status.success(), "a seller came to an end: {status}");
                false
            }
        });
        self.0.is_empty()
    }
}

impl Drop for Sellers {
    fn drop(&mut self) {
        for seller in &mut self.0 {
            let _ = seller.kill();
            let _ = seller.wait();
        }
    }
}

/// Does harm until all are done, and sees that they go on after each crash.
fn do_harm(server: &Server, wires: &[Proxy; 2], mut sellers: Sellers) -> Deeds {
    let (seed, mut deeds) = (fastrand::u64(..), Deeds::default());
    println!("seed {seed}");
    let mut random = Rng::with_seed(seed);
    while !sellers.are_done() {
        std::thread::sleep(Duration::from_millis(random.u64(..300)));
        match random.u32(..20) {
            0 if deeds.crashes < 4 => {
                deeds.crashes += 1;
                let before = sold(server);
                server.crash();
                wait_until("they go on", || sellers.are_done() || sold(server) > before);
            }
            0..10 => {
                deeds.ended_sessions += server
                    .ask(
                        "SELECT pg_terminate_backend(pid) FROM (SELECT DISTINCT pid FROM pg_locks
                        WHERE locktype = 'advisory' AND random() < 0.3) AS unlucky",
                    )
                    .len();
            }
            10..15 => {
                deeds.cuts += 1;
                wires[random.usize(..2)].cut();
            }
            _ => {
                deeds.delays += 1;
                wires[random.usize(..2)].delay(Duration::from_millis(random.u64(..5)));
            }
        }
    }
    deeds
}

fn sold(server: &Server) -> usize {
    server.one("SELECT sold FROM stock").parse().unwrap()
}

/// Panics where two have overlapped who were not told; counts those, and those who were.
fn judge(folder: &Path) -> (usize, usize) {
    let mut kept: Vec<(i128, i128)> = Vec::new();
    let mut lost = 0;
    for log in fs::read_dir(folder).unwrap() {
        for line in fs::read_to_string(log.unwrap().path()).unwrap().lines() {
            match line.split(' ').collect::<Vec<_>>()[..] {
                [since, until, "kept"] => {
                    kept.push((since.parse().unwrap(), until.parse().unwrap()));
                }
                [_, _, "lost"] => lost += 1,
                _ => panic!("{line}"),
            }
        }
    }
    kept.sort_unstable();
    for pair in kept.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "{pair:?} overlap");
    }
    assert!(kept.len() + lost >= SELLERS * PIECES);
    (kept.len(), lost)
}
