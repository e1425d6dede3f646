//! A running Jam.py application, and examples that share its locks and its database.

mod from_jam;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use jam_lock_tests::child::Child;
use jam_lock_tests::http;
use jam_lock_tests::output::printed;
use jam_lock_tests::program::example;
use jam_lock_tests::requirements::python;
use tempfile::TempDir;

use crate::{folder, lock};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/application.py");

/// The application, which is killed at the end of the test.
struct Application {
    folder: TempDir,
    port: u16,
    _server: Child,
}

impl Application {
    /// Starts one whose database has tracks, customers and invoices.
    fn start() -> Option<Self> {
        let python = python()?;
        let folder = folder();
        assert_right(&invoices(folder.path(), 1, 1));
        let mut command = Command::new(python);
        command.arg(PROGRAM).arg(folder.path()).stderr(Stdio::null());
        let mut server = Child::start(&mut command);
        let port = server.next_line().parse().expect("it prints its port");
        Some(Self { folder, port, _server: server })
    }

    /// Calls a function of its server module, and returns the result as JSON.
    fn call(&self, function: &str, arguments: &str) -> String {
        let body = format!(r#"["server", 1, 0, ["{function}", {arguments}], null]"#);
        let answer = http::post(self.port, "/api", &body);
        let data = answer.split(r#""data": ["#).nth(1).unwrap_or_else(|| panic!("{answer}"));
        data.split(", ").next().expect("split returns at least one part").to_owned()
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Saves invoices into the database of the application, under its lock.
fn invoices(folder: &Path, workers: u32, invoices: u32) -> Output {
    let mut command = example("invoices");
    command.args(["--in-place", "--think", "2", "--workers"]).arg(workers.to_string());
    command.arg("--invoices").arg(invoices.to_string());
    command.arg("--database").arg(folder.join("demo.sqlite"));
    command.arg("--locks").arg(folder.join("locks"));
    command.output().expect("it was built")
}

fn assert_right(output: &Output) {
    assert!(output.status.success() && printed(output).contains("Right: "), "{}", printed(output));
}

#[test]
fn its_lock_is_unavailable_while_it_is_held_here() {
    let Some(application) = Application::start() else { return };
    let lock = lock(&application.folder().join("locks"), "invoice_saved");
    let guard = lock.acquire().unwrap();
    assert_eq!(application.call("try_lock", "[]"), r#""Timeout""#);
    guard.release().unwrap();
    assert_eq!(application.call("try_lock", "[]"), r#""acquired""#);
}

#[test]
fn no_sale_is_lost_if_both_of_them_sell() {
    const SALES: usize = 40;
    let Some(application) = Application::start() else { return };
    let before: usize = application.call("sell", "[1]").parse().expect("a number of tracks");
    thread::scope(|scope| {
        let ours = scope.spawn(|| invoices(application.folder(), 2, 100));
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..SALES {
                    let sold: usize = application.call("sell", "[1]").parse().expect("a number");
                    assert!(sold > before);
                }
            });
        }
        assert_right(&ours.join().unwrap());
    });
    // It checks the count of every track.
    assert_right(&invoices(application.folder(), 1, 1));
    let after: usize = application.call("sell", "[1]").parse().expect("a number of tracks");
    assert!(after > before + 2 * SALES, "{before} before, {after} after");
}
