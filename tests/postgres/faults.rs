//! Many processes with one lock and one table, while sessions, connections and the server fail.

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

/// The faults that were injected.
#[derive(Debug, Default)]
struct Faults {
    ended_sessions: usize,
    crashes: usize,
    cuts: usize,
    delays: usize,
}

#[test]
fn holders_overlap_only_after_a_reported_loss_and_no_update_is_lost() {
    let Some(server) = Server::start() else { return };
    server.query(
        "CREATE TABLE stock (sold int NOT NULL); INSERT INTO stock VALUES (0);
        CREATE TABLE sale (seller int, piece int, PRIMARY KEY (seller, piece))",
    );
    let folder = tempfile::tempdir().unwrap();
    let proxies = [Proxy::to(server.port()), Proxy::to(server.port())];
    let sellers = (0..SELLERS)
        .map(|number| {
            let locks = format!("{}?namespace=shop", server.url_at(proxies[number % 2].port()));
            let log = folder.path().join(number.to_string());
            let order = Order::Sell {
                locks: locks.as_ref(),
                data: &server.url(),
                log: &log,
                seller: number.try_into().unwrap(),
                pieces: PIECES.try_into().unwrap(),
            };
            order.command().spawn().unwrap()
        })
        .collect();
    let faults = inject_faults(&server, &proxies, Sellers(sellers));
    let sold = server.query_one("SELECT sold, (SELECT count(*) FROM sale) FROM stock");
    assert_eq!(sold, format!("{0} {0}", SELLERS * PIECES), "{faults:?}");
    let (kept, lost) = check(folder.path());
    println!("{faults:?}, {kept} sections kept their lock, {lost} lost it");
}

/// The processes, which are killed when the test ends in any way.
struct Sellers(Vec<Child>);

impl Sellers {
    fn are_done(&mut self) -> bool {
        self.0.retain_mut(|seller| match seller.try_wait().unwrap() {
            None => true,
            Some(status) => {
                assert!(status.success(), "a seller failed: {status}");
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

/// Injects faults until all sellers are done, and checks that they continue after each crash. A delay
/// lasts until the next fault.
fn inject_faults(server: &Server, proxies: &[Proxy; 2], mut sellers: Sellers) -> Faults {
    let (seed, mut faults) = (fastrand::u64(..), Faults::default());
    println!("seed {seed}");
    let mut random = Rng::with_seed(seed);
    while !sellers.are_done() {
        std::thread::sleep(Duration::from_millis(random.u64(..300)));
        for proxy in proxies {
            proxy.delay(Duration::ZERO);
        }
        match random.u32(..20) {
            0 if faults.crashes < 4 => {
                faults.crashes += 1;
                let before = sold(server);
                server.crash();
                wait_until("the sellers continue", || sellers.are_done() || sold(server) > before);
            }
            0..10 => {
                faults.ended_sessions += server
                    .query(
                        "SELECT pg_terminate_backend(pid) FROM (SELECT DISTINCT pid FROM pg_locks
                        WHERE locktype = 'advisory' AND random() < 0.3) AS unlucky",
                    )
                    .len();
            }
            10..15 => {
                faults.cuts += 1;
                proxies[random.usize(..2)].cut();
            }
            _ => {
                faults.delays += 1;
                proxies[random.usize(..2)].delay(Duration::from_millis(random.u64(..5)));
            }
        }
    }
    faults
}

fn sold(server: &Server) -> usize {
    server.query_one("SELECT sold FROM stock").parse().unwrap()
}

/// Panics if two sections that kept their lock overlap; counts those that kept and that lost it.
fn check(folder: &Path) -> (usize, usize) {
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
