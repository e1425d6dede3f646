//! The locks of a PostgreSQL database, whose URL is given instead of a folder.

use std::path::Path;

use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::output::run_to_end;
use jam_lock_tests::postgres::Server;
use serde_json::Value;

use crate::{HOLD, command, holding, run, stderr, stdout};

fn who(url: &Path) -> Option<i32> {
    run_to_end(command(url).args(["who", "x"])).status.code()
}

#[test]
fn a_command_runs_under_a_lock_of_the_database() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let url = Path::new(&url);
    let child = holding(url, &[], HOLD);
    assert_eq!(run(url, &["x", "-t0", "true"]).status.code(), Some(75));
    assert_eq!(who(url), Some(0));
    child.release();
    assert_eq!(who(url), Some(1));
    // The release was confirmed, so no death is reported.
    assert_eq!(stderr(&run(url, &["x", "true"])), "");
}

#[test]
fn another_spelling_of_a_database_is_refused_with_the_right_one() {
    let folder = crate::folder();
    for location in ["host=db1 user=app", "postgres:/app@db1/shop", "jdbc:postgresql://db1/shop"] {
        for (arguments, status) in [(&["run", "x", "--", "true"][..], 71), (&["list"], 2)] {
            let mut command = command(Path::new(location));
            let output = run_to_end(command.args(arguments).current_dir(folder.path()));
            assert_eq!(output.status.code(), Some(status), "{output:?}");
            assert!(stderr(&output).contains("write it as postgres://user@host/database"));
        }
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_scheme_in_capitals_is_that_of_a_database() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace().replace("postgres://", "Postgres://");
    assert!(run(Path::new(&url), &["x", "true"]).status.success());
}

#[test]
fn a_waiting_command_is_listed() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let url = Path::new(&url);
    let child = holding(url, &[], HOLD);
    let mut waiting = crate::start_piped(command(url).args(["run", "x", "--", "true"]));
    let list = || stdout(&run_to_end(command(url).args(["list", "--json"])));
    wait_until("one waits", || list().contains("\"waiting\": 1"));
    let found: Value = serde_json::from_str(&list()).unwrap();
    let holder = &found[0]["holder"];
    assert_eq!(holder["function"], format!("sh -c {HOLD}"));
    assert_eq!((&holder["file"], &holder["line"]), (&Value::Null, &Value::Null));
    child.release();
    assert!(waiting.wait().unwrap().success());
}

#[test]
fn a_command_whose_lock_is_lost_is_terminated_with_a_message() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let mut command = command(Path::new(&url));
    let script = "trap 'echo ended; exit 0' TERM; echo held; while sleep 0.1; do :; done";
    command.args(["run", "x", "--", "bash", "-c", script]).stderr(std::process::Stdio::piped());
    let mut child = Child::start(&mut command).after("held");
    server.terminate_all_sessions();
    assert_eq!(child.next_line(), "ended");
    assert_eq!(child.status().code(), Some(74));
    let errors = child.errors();
    assert_eq!(errors.matches("was lost while held").count(), 1, "{errors}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_children_of_a_command_whose_lock_is_lost_are_terminated_too() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let mut child = holding(Path::new(&url), &[], "sleep 1000 & echo held; echo $!; wait");
    let started = child.next_line();
    server.terminate_all_sessions();
    assert_eq!(child.status().code(), Some(74));
    wait_until("the child has ended", || !Path::new("/proc").join(&started).exists());
}

#[test]
fn a_command_builds_an_index_concurrently_while_the_next_one_waits() {
    let Some(server) = Server::start() else { return };
    server.query("CREATE TABLE shop (id int)");
    let url = server.namespace();
    let psql = format!("psql -qX -d '{}' -c", server.url());
    let script = format!(
        "echo held; read -r _; {psql} \"SET statement_timeout = '60s'\" \
         -c 'CREATE INDEX CONCURRENTLY shop_index ON shop (id)' && echo built"
    );
    let mut first = holding(Path::new(&url), &[], &script);
    let mut second = crate::start_piped(command(Path::new(&url)).args(["run", "x", "--", "true"]));
    wait_until("the next one waits", || !server.sessions(&url, "x", false).is_empty());
    first.send("go on");
    assert_eq!(first.next_line(), "built");
    assert!(first.status().success() && second.wait().unwrap().success());
}
