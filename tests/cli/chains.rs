//! What a holder waits for, in the output of each subcommand.

use std::path::Path;

use jam_lock::{LockName, Locks};
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::order::Order;
use jam_lock_tests::output::run_to_end;
use serde_json::Value;

use crate::pseudo_terminal::Terminal;
use crate::{command, folder, stdout};

/// A process that holds the first lock and waits for the second one, as its record says.
fn waiting(folder: &Path, first: &str, second: &str) -> Child {
    let mut child = holding(folder, first, second).after("held");
    child.send("go on");
    let lock = Locks::open(folder).unwrap().lock(LockName::new(first).unwrap());
    wait_until("the wait is recorded", || {
        lock.status().unwrap().holder().is_some_and(|it| it.waits_for().is_some())
    });
    child
}

/// A process that acquires the first lock, and will wait for the second one.
fn holding(location: &Path, first: &str, second: &str) -> Child {
    Child::spawn(&Order::AcquireTwo { location, first, second })
}

#[test]
fn a_holder_says_what_it_waits_for_to_the_end_of_the_chain() {
    let folder = folder();
    let path = folder.path();
    let (last, middle) = (Child::holding(path, "c"), waiting(path, "b", "c"));
    let first = waiting(path, "a", "b");

    let who = stdout(&run_to_end(command(path).args(["who", "a"])));
    let [a, b, c] = [&first, &middle, &last].map(|child| format!("(pid {})", child.id()));
    let words = [&a, "which is waiting for lock `b`, held for ", &b];
    let words = [&words[..], &["which is waiting for lock `c`, held for ", &c]].concat();
    let mut rest = who.as_str();
    for word in words {
        rest = rest.split_once(word).unwrap_or_else(|| panic!("no {word} in {who}")).1;
    }
    let listed = stdout(&run_to_end(command(path).arg("list")));
    assert!(listed.contains("which is waiting for lock `b`"), "{listed}");

    let json = stdout(&run_to_end(command(path).args(["list", "--json"])));
    let json: Value = serde_json::from_str(&json).unwrap();
    let wait = &json[0]["holder"]["waits_for"];
    assert_eq!((&wait["name"], &wait["closes_cycle"]), (&"b".into(), &false.into()));
    assert!(wait["line"].is_u64() && wait["waiting_for"].is_f64() && wait["since"].is_f64());
    let wait = &wait["holder"]["waits_for"];
    assert_eq!(wait["holder"]["process"], last.id());
    assert_eq!(wait["holder"]["waits_for"], Value::Null);

    let mut terminal = Terminal::start(path, &["watch", "--tree", "--interval", "0.1"]);
    terminal.shows("c: held for ");
    terminal.shows("└─ b: held for ");
    terminal.shows("   └─ a: held for ");
    terminal.press("t");
    terminal.shows("HOLDER");
}

#[test]
fn a_tree_is_live_and_readable_with_fifty_waiters() {
    let folder = folder();
    let path = folder.path();
    let mut terminal = Terminal::start(path, &["watch", "--tree", "--interval", "0.1"]);
    terminal.shows("nobody waits");
    let held = Child::holding(path, "root");
    let children = (0..50).map(|number| holding(path, &format!("lock_{number}"), "root"));
    let children: Vec<_> = children.collect();
    let waiting = children.into_iter().map(|child| {
        let mut child = child.after("held");
        child.send("go on");
        child
    });
    let waiting: Vec<_> = waiting.collect();
    terminal.shows("├─ lock_");
    terminal.shows("… 34 more");
    drop((held, waiting));
    terminal.shows("nobody waits");
    terminal.press("q");
    assert!(terminal.end().success());
}
