//! A PostgreSQL server that is there for a test, and gone with it.

use std::fmt::Write as _;
use std::fs::Permissions;
use std::io::{BufRead, BufReader, Lines, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{env, fs, thread};

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::requirements::skip;

/// Who runs the server where the tests are run by root, as whom it does not run.
const NOBODY: u32 = 65534;

/// The system's, where its programs are not on the path.
const INSTALLED: &str = "/usr/lib/postgresql";

/// Does what it is told line by line; when its input ends, however that comes, so does the server.
const TENDER: &str = r#"
while read -r order; do
    case $order in
    start) "$1/pg_ctl" -D "$2" -w -s -t 300 -l "$2/log" start >"$2/told" 2>&1 ;;
    crash) "$1/pg_ctl" -D "$2" -w -s -m immediate stop >"$2/told" 2>&1 ;;
    esac
    echo "$?"
done
"$1/pg_ctl" -D "$2" -w -s -m immediate stop >"$2/told" 2>&1
rm -rf "$2"
"#;

/// Small, quick to begin, and quick to find circles.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 16MB
fsync = off
deadlock_timeout = 200ms
";

/// A server on a port of this machine.
pub struct Server {
    port: u16,
    folder: PathBuf,
    tender: Mutex<Tender>,
}

struct Tender {
    process: Child,
    orders: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// The one that the tests of a program share; none where PostgreSQL is not installed.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Server>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// One of the test's own, to be mistreated; none where PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// One with more settings.
    pub fn start_with(settings: &str) -> Option<Self> {
        let Some(programs) = programs() else {
            skip(
                "PostgreSQL is not installed: there is neither initdb on the path, nor any in \
                  /usr/lib/postgresql",
            );
            return None;
        };
        let folder = new_folder();
        let mut initialize = as_nobody(&programs.join("initdb"));
        initialize.arg("-D").arg(&folder).args(["-U", "app", "-A", "trust", "-N"]);
        run(initialize.args(["--locale=C", "-E", "UTF8"]));
        Some(Self::begin(&programs, folder, settings))
    }

    /// One that follows this one, and is only read.
    pub fn standby(&self) -> Option<Self> {
        let (programs, folder) = (programs()?, new_folder());
        let mut copy = as_nobody(&programs.join("pg_basebackup"));
        run(copy.arg("-D").arg(&folder).args(["-d", &self.url(), "-R", "-c", "fast"]));
        Some(Self::begin(&programs, folder, "hot_standby = on"))
    }

    fn begin(programs: &Path, folder: PathBuf, settings: &str) -> Self {
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let own = format!("{SETTINGS}port = {port}\n{settings}\n");
        let mut configuration =
            fs::OpenOptions::new().append(true).open(folder.join("postgresql.conf")).unwrap();
        configuration.write_all(own.as_bytes()).unwrap();
        let tender = Mutex::new(Tender::start(programs, &folder));
        let server = Self { port, folder, tender };
        server.order("start");
        server
    }

    /// Where its locks are, in a namespace that no other test has.
    pub fn namespace(&self) -> String {
        static GIVEN: AtomicU64 = AtomicU64::new(0);
        let number = GIVEN.fetch_add(1, Ordering::Relaxed);
        format!("{}?namespace=test-{number}", self.url())
    }

    /// Where its database is.
    pub fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// Where its database is, seen through something that listens on `port`.
    pub fn url_at(&self, port: u16) -> String {
        format!("postgres://app@127.0.0.1:{port}/postgres")
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it as a crash does, and starts it again.
    pub fn crash(&self) {
        self.order("crash");
        self.order("start");
    }

    /// Has it stop, or go on, whatever was asked of it before.
    pub fn order(&self, order: &str) {
        let mut tender = self.tender.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(tender.orders.as_mut().expect("it is tended"), "{order}").unwrap();
        let answer = tender.answers.next().expect("its tender is there").unwrap();
        let told = fs::read_to_string(self.folder.join("told")).unwrap_or_default();
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        assert_eq!(answer, "0", "{order}: {told}\n{log}");
    }

    /// The rows that `text` answers, their columns with a space between.
    pub fn ask(&self, text: &str) -> Vec<String> {
        Admin::of(self).ask(text)
    }

    /// The server's processes that have the lock, or wait for it.
    pub fn sessions(&self, url: &str, name: &str, granted: bool) -> Vec<String> {
        let (_, namespace) = url.split_once("namespace=").expect("every test has a namespace");
        let text = format!(
            "SELECT l.pid FROM pg_locks AS l
            JOIN jam_lock AS j ON l.classid::bigint = (j.key >> 32) & 4294967295
                AND l.objid::bigint = j.key & 4294967295
            WHERE l.locktype = 'advisory' AND l.granted = {granted}
                AND j.namespace = '{namespace}' AND j.name = '{name}'"
        );
        self.ask(&text)
    }

    /// The only row that `text` answers.
    pub fn one(&self, text: &str) -> String {
        self.ask(text).pop().expect("a row")
    }

    /// How many locks anybody has or waits for.
    pub fn locks(&self) -> Vec<String> {
        self.ask("SELECT mode, granted, pid FROM pg_locks WHERE locktype = 'advisory'")
    }

    /// Ends all sessions but the one that asks.
    pub fn end_all_sessions(&self) {
        self.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        );
    }

    /// The processes of the server, by id.
    pub fn process(&self) -> u32 {
        let lock = fs::read_to_string(self.folder.join("postmaster.pid")).unwrap();
        lock.lines().next().unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut tender = self.tender.lock().unwrap_or_else(PoisonError::into_inner);
        tender.orders = None;
        let _ = tender.process.wait();
    }
}

impl Tender {
    fn start(programs: &Path, folder: &Path) -> Self {
        let mut command = as_nobody(Path::new("sh"));
        command.args(["-c", TENDER, "sh"]).arg(programs).arg(folder);
        // What interrupts the tests is not to interrupt who cleans up after them.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("there is a shell");
        let orders = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, orders, answers }
    }
}

/// A connection for questions of the test's own.
pub struct Admin {
    /// Until the drop.
    runtime: Option<Runtime>,
    client: Client,
}

impl Admin {
    /// A connection to `server` itself.
    pub fn of(server: &Server) -> Self {
        Self::at(&server.url())
    }

    /// A connection to whoever is there.
    pub fn at(url: &str) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = block_on(&runtime, async {
            let (client, connection) =
                tokio_postgres::connect(url, NoTls).await.expect("the server is there");
            tokio::spawn(connection);
            client
        });
        Self { runtime: Some(runtime), client }
    }

    /// What the server says against `text`.
    pub fn fails(&self, text: &str) -> String {
        let answer = block_on(self.runtime(), self.client.simple_query(text));
        let error = answer.expect_err("the server objects");
        error.as_db_error().expect("it is the server who objects").to_string()
    }

    /// The rows that `text` answers, their columns with a space between.
    pub fn ask(&self, text: &str) -> Vec<String> {
        let messages = block_on(self.runtime(), self.client.simple_query(text));
        let messages = messages.unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        rows.map(|row| {
            let mut text = String::new();
            for at in 0..row.len() {
                let space = if at == 0 { "" } else { " " };
                write!(text, "{space}{}", row.get(at).unwrap_or("-")).unwrap();
            }
            text
        })
        .collect()
    }
}

impl Admin {
    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it is there until the drop")
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        // Which may be in a task, where a runtime must not block.
        self.runtime.take().expect("it is dropped once").shutdown_background();
    }
}

/// Blocks on a thread of its own, so that a task may ask as well.
fn block_on<T: Send>(runtime: &Runtime, work: impl Future<Output = T> + Send) -> T {
    thread::scope(|scope| scope.spawn(|| runtime.block_on(work)).join().expect("it does not panic"))
}

/// The folder with the server's programs, of the newest that is installed.
pub fn programs() -> Option<PathBuf> {
    let on_path = env::var_os("PATH")?;
    let on_path = env::split_paths(&on_path).find(|folder| folder.join("initdb").exists());
    let on_path = on_path.and_then(|folder| fs::canonicalize(folder.join("initdb")).ok());
    if let Some(initdb) = on_path {
        return initdb.parent().map(ToOwned::to_owned);
    }
    let installed = fs::read_dir(INSTALLED).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let installed = installed.map(|version| version.join("bin"));
    installed.filter(|folder| folder.join("initdb").exists()).max()
}

fn run(command: &mut Command) {
    let output = command.output().expect("PostgreSQL's programs run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A command that root does not run itself.
pub fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/tmp");
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// A folder of whoever runs the server.
pub fn new_folder() -> PathBuf {
    let folder = tempfile::Builder::new().prefix("jam-lock-server").tempdir().unwrap().keep();
    if is_root() {
        chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    folder
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}
