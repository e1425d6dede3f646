//! Every engine passes the conformance suite: files, PostgreSQL, and leases of a simulated server.

mod flawed;
mod lease;

use std::path::Path;
use std::sync::Arc;

use jam_lock::LockName;
use jam_lock::conformance::{self, CHECKS, Subject};
use jam_lock::engine::Engine;
use jam_lock_tests::child::Child;
#[cfg(target_os = "linux")]
use jam_lock_tests::observe::wait_until;
#[cfg(target_os = "linux")]
use jam_lock_tests::postgres::Server;
use tempfile::TempDir;

use self::lease::{LeaseEngine, World};

fn check(subject: &dyn Subject) {
    for (name, check) in CHECKS {
        println!("{name}");
        check(subject);
    }
}

#[test]
fn files() {
    check(&Files(tempfile::tempdir().unwrap()));
}

#[cfg(target_os = "linux")]
#[test]
fn postgres() {
    let Some(server) = Server::shared() else { return };
    check(&Postgres { server, url: server.namespace() });
}

#[test]
fn leases() {
    for seed in 0..8 {
        println!("seed {seed}");
        check(&Leases(Arc::new(World::new(seed, None))));
    }
}

struct Files(TempDir);

impl Subject for Files {
    fn process(&self) -> Arc<dyn Engine> {
        conformance::files(self.0.path()).expect("the test's folder can be used")
    }

    fn die_holding(&self, name: &LockName) -> bool {
        die_holding(self.0.path(), name)
    }
}

#[cfg(target_os = "linux")]
struct Postgres {
    server: &'static Server,
    url: String,
}

#[cfg(target_os = "linux")]
impl Postgres {
    /// The sessions that have the lock, or those that wait for it.
    fn sessions(&self, name: &LockName, granted: bool) -> Vec<String> {
        self.server.sessions(&self.url, name.as_str(), granted)
    }
}

#[cfg(target_os = "linux")]
impl Subject for Postgres {
    fn process(&self) -> Arc<dyn Engine> {
        conformance::postgres(&self.url).expect("the test's server can be used")
    }

    fn die_holding(&self, name: &LockName) -> bool {
        die_holding(self.url.as_ref(), name)
    }

    fn lose(&self, name: &LockName) -> bool {
        for session in self.sessions(name, true) {
            self.server.query(&format!("SELECT pg_terminate_backend({session})"));
        }
        wait_until("its sessions have ended", || self.sessions(name, true).is_empty());
        true
    }

    fn wait_for_waiters(&self, name: &LockName, processes: usize) -> bool {
        wait_until("enough sessions wait in the server", || {
            self.sessions(name, false).len() >= processes
        });
        true
    }
}

struct Leases(Arc<World>);

impl Subject for Leases {
    fn process(&self) -> Arc<dyn Engine> {
        Arc::new(LeaseEngine::new(&self.0))
    }

    fn die_holding(&self, name: &LockName) -> bool {
        let lock = lease::locks(&self.0).lock(name.clone());
        let _dead = lock.acquire().expect("the lock is free");
        self.0.cut_off_holder(name.as_str());
        true
    }

    fn lose(&self, name: &LockName) -> bool {
        self.0.cut_off_holder(name.as_str());
        true
    }

    fn wait_for_waiters(&self, name: &LockName, processes: usize) -> bool {
        self.0.wait_for_waiters(name.as_str(), processes);
        true
    }
}

/// Kills another process that holds the lock.
fn die_holding(location: &Path, name: &LockName) -> bool {
    Child::holding(location, name.as_str()).kill();
    true
}
