//! `examples/web_handler`: requests for one customer one after another, and for several at once.

use std::io::Read;
use std::net::Shutdown;
use std::path::PathBuf;
use std::thread;

use jam_lock::{LockGuard, Locks};
use jam_lock_tests::child::Child;
use jam_lock_tests::http;
use jam_lock_tests::lock_names::customer_id;
use jam_lock_tests::observe::{blocked_on, wait_until};
use tempfile::TempDir;

use super::{example, folder};

/// The service, which is killed at the end of the test.
struct Service {
    folder: TempDir,
    port: u16,
    _server: Child,
}

impl Service {
    fn start() -> Self {
        let folder = folder();
        let mut server = Child::start(example("web_handler", folder.path()).arg("127.0.0.1:0"));
        let address = server.next_line();
        let port = address.rsplit_once(':').expect("it prints where it listens").1;
        Self { port: port.parse().expect("a port is a number"), folder, _server: server }
    }

    fn path(customer: u32) -> String {
        format!("/customers/{customer}/deposits/1")
    }

    fn deposit(&self, customer: u32) -> String {
        http::post(self.port, &Self::path(customer), "")
    }

    /// Holds the lock of a customer, as another process of the service would.
    fn hold(&self, customer: u32) -> LockGuard {
        let locks = Locks::open(self.locks()).expect("the folder exists");
        locks.lock(customer_id(customer)).acquire().expect("it is free")
    }

    fn locks(&self) -> PathBuf {
        self.folder.path().join("locks")
    }

    /// Waits until a request waits for the lock of a customer.
    fn until_waiting(&self, customer: u32) {
        let file = self.locks().join(format!("customer_{customer}.lock"));
        wait_until("a request waits", || blocked_on(&file) > 0);
    }
}

#[track_caller]
fn assert_balance(answer: &str, balance: u32) {
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(&format!("\r\n\r\n{balance}\n")), "{answer}");
}

#[test]
fn no_deposit_is_lost_if_many_are_made_at_once() {
    const TIMES: u32 = 25;
    let service = Service::start();
    thread::scope(|scope| {
        for customer in [1, 2, 1, 2, 1, 2] {
            let service = &service;
            scope.spawn(move || (0..TIMES).for_each(|_| drop(service.deposit(customer))));
        }
    });
    for customer in [1, 2] {
        assert_balance(&service.deposit(customer), 3 * TIMES + 1);
    }
}

#[test]
fn customers_are_served_in_parallel() {
    let service = Service::start();
    let guard = service.hold(1);
    let answer = thread::scope(|scope| {
        let first = scope.spawn(|| service.deposit(1));
        service.until_waiting(1);
        assert_balance(&service.deposit(2), 1);
        drop(guard);
        first.join().unwrap()
    });
    assert_balance(&answer, 1);
}

#[test]
fn a_request_that_waits_too_long_gets_retry_after() {
    let service = Service::start();
    let guard = service.hold(1);
    let answer = service.deposit(1);
    assert!(answer.starts_with("HTTP/1.0 503 Service Unavailable\r\n"), "{answer}");
    assert!(answer.to_lowercase().contains("\r\nretry-after: 1\r\n"), "{answer}");
    drop(guard);
    assert_balance(&service.deposit(1), 1);
}

#[test]
fn a_client_that_disconnects_deposits_nothing() {
    let service = Service::start();
    let guard = service.hold(1);
    let mut client = http::begin_post(service.port, &Service::path(1), "");
    service.until_waiting(1);
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "", "it was answered although it had gone");
    drop(guard);
    assert_balance(&service.deposit(1), 1);
}
