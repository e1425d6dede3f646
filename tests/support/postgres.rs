//! PostgreSQL servers that exist for a test.

mod admin;
mod programs;
mod supervisor;
mod template;

use std::fs::{self, Permissions};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use self::programs::{new_folder_on_disk, run};
use self::supervisor::Supervisor;
use crate::requirements::skip;

pub use self::admin::Admin;
pub use self::programs::{as_nobody, new_folder, programs};

/// Small, quick to start, and quick to detect deadlocks.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 16MB
fsync = off
deadlock_timeout = 200ms
";

/// A server on a port of this machine, which is stopped and removed on drop.
pub struct Server {
    port: u16,
    supervisor: Supervisor,
    /// Connections that no query uses.
    idle: Mutex<Vec<Admin>>,
}

impl Server {
    /// The server that the tests of a program share; `None` if PostgreSQL is not installed.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Server>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// A server for one test, which may break it; `None` if PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// A server with additional settings.
    pub fn start_with(settings: &str) -> Option<Self> {
        Self::start_new(new_folder, settings)
    }

    /// The same, with its data on a disk, for which it waits.
    pub fn start_on_disk(settings: &str) -> Option<Self> {
        Self::start_new(new_folder_on_disk, settings)
    }

    fn start_new(new_folder: fn() -> PathBuf, settings: &str) -> Option<Self> {
        let Some(programs) = programs() else {
            skip(
                "PostgreSQL is not installed: there is no initdb on the path or in \
                  /usr/lib/postgresql",
            );
            return None;
        };
        let folder = new_folder();
        template::copy(&programs, &folder);
        Some(Self::start_in(&programs, &folder, settings))
    }

    /// A server with a system identifier of its own: the others share one.
    pub fn start_unrelated() -> Option<Self> {
        let (programs, folder) = (programs()?, new_folder());
        template::initialize(&programs, &folder);
        Some(Self::start_in(&programs, &folder, ""))
    }

    /// A standby that follows this server.
    pub fn standby(&self) -> Option<Self> {
        let (programs, folder) = (programs()?, new_folder());
        let mut copy = as_nobody(&programs.join("pg_basebackup"));
        run(copy.arg("-D").arg(&folder).args(["-d", &self.url(), "-R", "-c", "fast"]));
        Some(Self::start_in(&programs, &folder, "hot_standby = on"))
    }

    fn start_in(programs: &Path, folder: &Path, settings: &str) -> Self {
        fs::set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let own = format!("{SETTINGS}port = {port}\n{settings}\n");
        let mut configuration =
            fs::OpenOptions::new().append(true).open(folder.join("postgresql.conf")).unwrap();
        configuration.write_all(own.as_bytes()).unwrap();
        let supervisor = Supervisor::new(programs, folder);
        supervisor.start();
        Self { port, supervisor, idle: Mutex::default() }
    }

    /// The URL of its locks, in a namespace that no other test uses.
    pub fn namespace(&self) -> String {
        static USED: AtomicU64 = AtomicU64::new(0);
        let number = USED.fetch_add(1, Ordering::Relaxed);
        format!("{}?namespace=test-{number}", self.url())
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// The URL of its database, through a proxy or a pooler that listens on `port`.
    pub fn url_at(&self, port: u16) -> String {
        format!("postgres://app@127.0.0.1:{port}/postgres")
    }

    /// The port on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it as a crash does, and restarts it.
    pub fn crash(&self) {
        self.stop();
        self.restart();
    }

    /// Stops it as a crash does.
    pub fn stop(&self) {
        self.supervisor.stop();
    }

    /// Starts it again after [`stop`](Self::stop).
    pub fn restart(&self) {
        self.supervisor.start();
    }

    /// A connection for several queries.
    pub fn admin(&self) -> Admin {
        Admin::connect(&self.url())
    }

    /// The rows of the result, with a space between columns.
    pub fn query(&self, sql: &str) -> Vec<String> {
        // Reused, because most tests ask again and again until something has happened.
        let admin = self.take_idle().unwrap_or_else(|| self.admin());
        let rows = admin.query(sql);
        self.idle().push(admin);
        rows
    }

    fn take_idle(&self) -> Option<Admin> {
        loop {
            let admin = self.idle().pop()?;
            // Otherwise it was terminated meanwhile.
            if admin.try_query("").is_ok() {
                return Some(admin);
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Admin>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The only row of the result.
    pub fn query_one(&self, sql: &str) -> String {
        self.query(sql).pop().expect("the result has a row")
    }

    /// The sessions that hold the lock, or else wait for it, by the ids of their processes.
    pub fn sessions(&self, url: &str, name: &str, granted: bool) -> Vec<String> {
        let (_, namespace) = url.split_once("namespace=").expect("every test has a namespace");
        self.query(&format!(
            "SELECT l.pid FROM pg_locks AS l
            JOIN jam_lock AS j ON l.classid::bigint = (j.key >> 32) & 4294967295
                AND l.objid::bigint = j.key & 4294967295
            WHERE l.locktype = 'advisory' AND l.granted = {granted}
                AND j.namespace = '{namespace}' AND j.name = '{name}'"
        ))
    }

    /// Terminates all sessions but its own.
    pub fn terminate_all_sessions(&self) {
        self.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        );
    }
}
