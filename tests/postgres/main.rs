//! The PostgreSQL engine, before real servers that these tests start themselves.

#![cfg(target_os = "linux")]

jam_lock::lock_names! {
    /// For the macros, which want some name.
    "declared",
}

mod acquire_and_release;
mod called_off;
mod deadlock;
mod encrypted;
mod faults;
mod fenced;
mod holders;
mod leaves_nothing;
mod limits;
mod lost;
mod partition;
mod readers;
mod refused;
mod settings;
mod survey;
mod tokens;

use jam_lock::{Holder, Lock, LockError, LockGuard, LockName, Locks};
use jam_lock_tests::postgres::{Admin, Server};

/// The lock `name` at `url`.
fn lock(url: &str, name: &str) -> Lock {
    locks(url).lock(called(name))
}

fn locks(url: &str) -> Locks {
    Locks::connect(url).expect("the test's server is fit for locks")
}

fn called(name: &str) -> LockName {
    LockName::new(name).expect("the test's name is portable")
}

/// The same URL, through what listens on `port`.
fn far(server: &Server, url: &str, port: u16) -> String {
    url.replace(&server.port().to_string(), &port.to_string())
}

/// Whether somebody has the lock, as the server sees it.
fn is_held(server: &Server, url: &str, name: &str) -> bool {
    !holders(server, url, name).is_empty()
}

/// The server's processes that have the lock.
fn holders(server: &Server, url: &str, name: &str) -> Vec<String> {
    server.sessions(url, name, true)
}

/// Whether somebody waits for the lock in the server.
fn is_waited_for(server: &Server, url: &str, name: &str) -> bool {
    !server.sessions(url, name, false).is_empty()
}

/// The number by which the server knows a name that was used.
fn key(server: &Server, url: &str, name: &str) -> String {
    let (_, namespace) = url.split_once("namespace=").expect("every test has a namespace");
    server.one(&format!(
        "SELECT key FROM jam_lock WHERE namespace = '{namespace}' AND name = '{name}'"
    ))
}

/// Somebody who takes a lock by SQL alone, and is nobody's process.
struct Stranger {
    admin: Admin,
    key: String,
}

impl Stranger {
    /// One who knows the key of a lock.
    fn of(server: &Server, url: &str, name: &str) -> Self {
        // Its row tells the key.
        drop(lock(url, name).acquire().unwrap());
        let admin = Admin::of(server);
        // Who is still kept out then fails, and does not hang.
        admin.ask("SET lock_timeout = '60s'");
        Self { admin, key: key(server, url, name) }
    }

    fn take(&self) {
        self.admin.ask(&format!("SELECT pg_advisory_lock({})", self.key));
    }

    fn let_go(&self) {
        self.admin.ask(&format!("SELECT pg_advisory_unlock({})", self.key));
    }
}

/// Ends the sessions that have the lock.
fn end_session(server: &Server, url: &str, name: &str) {
    for process in holders(server, url, name) {
        server.ask(&format!("SELECT pg_terminate_backend({process})"));
    }
}
