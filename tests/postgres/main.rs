//! The PostgreSQL engine with real servers that these tests start.

#![cfg(target_os = "linux")]

jam_lock::lock_names! {
    /// For the macros, which need a declared name.
    "declared",
    /// One for each customer.
    "customer_{id}",
}

mod acquire_and_release;
mod at_most_every;
mod cancelled;
mod connections;
mod cut_waits;
mod deadlock;
mod faults;
mod fenced;
mod holders;
mod limits;
mod list;
mod lost;
mod nested_waits;
mod no_leftovers;
mod other_work;
mod owners;
mod partition;
mod permits;
mod poolers;
mod readers;
mod refused;
mod schemas;
mod settings;
mod sweep;
mod synchronous_standby;
mod tls;
mod tokens;
mod transaction;

use jam_lock::{Holder, Lock, LockError, LockGuard, LockName, Locks};
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::postgres::{Admin, Server};
use tokio::runtime::Builder;
use tokio_postgres::{Client, NoTls};

/// The lock `name` at `url`.
fn lock(url: &str, name: &str) -> Lock {
    locks(url).lock(lock_name(name))
}

fn locks(url: &str) -> Locks {
    Locks::connect(url).expect("the test's server passes the checks")
}

fn lock_name(name: &str) -> LockName {
    LockName::new(name).expect("the test's name is portable")
}

/// The same URL through the proxy on `port`.
fn url_through(server: &Server, url: &str, port: u16) -> String {
    url.replace(&server.port().to_string(), &port.to_string())
}

/// Whether the lock is held, according to the server.
fn is_held(server: &Server, url: &str, name: &str) -> bool {
    !holders(server, url, name).is_empty()
}

/// Checks that the server has neither locks nor waits of these names left.
fn assert_nothing_is_left<const N: usize>(server: &Server, url: &str, names: [&str; N]) {
    for name in names {
        wait_until("the server has no lock and no wait", || {
            !is_held(server, url, name) && !is_waited_for(server, url, name)
        });
        drop(lock(url, name).try_acquire().unwrap());
    }
}

/// The server's processes that hold the lock.
fn holders(server: &Server, url: &str, name: &str) -> Vec<String> {
    server.sessions(url, name, true)
}

/// Whether a waiter is in the server's queue.
fn is_waited_for(server: &Server, url: &str, name: &str) -> bool {
    !server.sessions(url, name, false).is_empty()
}

/// The key of a name that has been used.
fn key(server: &Server, url: &str, name: &str) -> String {
    let (_, namespace) = url.split_once("namespace=").expect("every test has a namespace");
    server.query_one(&format!(
        "SELECT key FROM jam_lock WHERE namespace = '{namespace}' AND name = '{name}'"
    ))
}

/// A client that takes a lock in plain SQL, without this library.
struct SqlClient {
    admin: Admin,
    key: String,
}

impl SqlClient {
    /// A client with the key of the lock `name`.
    fn new(server: &Server, url: &str, name: &str) -> Self {
        // Creates the row with its key.
        drop(lock(url, name).acquire().unwrap());
        let admin = server.admin();
        // A lock that stays held fails the test instead of hanging it.
        admin.query("SET lock_timeout = '60s'");
        Self { admin, key: key(server, url, name) }
    }

    fn lock(&self) {
        self.admin.query(&format!("SELECT pg_advisory_lock({})", self.key));
    }

    fn unlock(&self) {
        self.admin.query(&format!("SELECT pg_advisory_unlock({})", self.key));
    }
}

/// Runs `test` with a connection of the application to `url`.
fn with_client<F: Future<Output = ()>>(url: &str, test: impl FnOnce(Client) -> F) {
    // The connection is driven while the test blocks.
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async { test(client(url).await).await });
}

/// A connection of the application to `url`, which may have a namespace.
async fn client(url: &str) -> Client {
    let (url, _) = url.split_once('?').unwrap_or((url, ""));
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Terminates the sessions that hold the lock.
fn end_sessions(server: &Server, url: &str, name: &str) {
    for process in holders(server, url, name) {
        server.query(&format!("SELECT pg_terminate_backend({process})"));
    }
}
