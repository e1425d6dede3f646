//! What a holder waits for, in the output of each subcommand.

use std::path::Path;
use std::process::Command;

use console::measure_text_width;
use jam_lock::{LockName, Locks};
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::order::Order;
use jam_lock_tests::output::run_to_end;
use jam_lock_tests::requirements::container;
use serde_json::Value;

use crate::pseudo_terminal::Terminal;
use crate::{command, folder, stdout};

const COMMAND: &str = env!("CARGO_BIN_EXE_command");

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
    terminal.shows("c: 1 waiting, held for ");
    terminal.shows("└─ b: 1 waiting, has waited ");
    terminal.shows("   └─ a: has waited ");
    terminal.press("t");
    terminal.shows("HOLDER");
}

#[test]
fn a_tree_is_live_and_readable_with_fifty_waiters() {
    let folder = folder();
    let path = folder.path();
    let words =
        [COMMAND, "--locks", path.to_str().unwrap(), "watch", "--tree", "--interval", "0.1"];
    let mut terminal = Terminal::of_size(24, 80, &words);
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
    wait_until("all wait", || terminal.picture().last().is_some_and(|it| it == "… 30 more"));
    let picture = terminal.picture();
    assert_eq!(picture.len(), 24, "{picture:#?}");
    assert!(picture.iter().all(|line| measure_text_width(line) <= 80), "{picture:#?}");
    assert!(picture[2].starts_with("root: 50 waiting, held for "), "{picture:#?}");
    // What does not fit is cut out of the middle.
    for line in &picture[3..23] {
        let (name, wait) = line.split_once(": has waited ").unwrap();
        assert!(line.contains(".rs:"), "{line}");
        assert!(name.starts_with("├─ lock_") && wait.contains(" s for root, "), "{line}");
    }
    drop((held, waiting));
    terminal.shows("nobody waits");
    terminal.press("q");
    assert!(terminal.end().success());
}

/// Nobody finds this cycle: the process that closes it does not see the other one, which is outside of its
/// container.
#[test]
fn a_cycle_is_marked_and_shown_once() {
    let Some(container) = container() else { return };
    let folder = folder();
    let path = folder.path();
    let first = holding(path, "a", "b").after("held");
    let order = Order::AcquireTwo { location: path, first: "b", second: "a" }.command();
    let mut run = Command::new(container[0]);
    run.args(&container[1..]).arg(order.get_program()).args(order.get_args());
    let mut last = Child::start(&mut run).after("held");
    let mut first = first;
    let lock = |name| Locks::open(path).unwrap().lock(LockName::new(name).unwrap());
    let waits =
        |name| lock(name).status().unwrap().holder().is_some_and(|it| it.waits_for().is_some());
    let terminal = Terminal::start(path, &["watch", "--tree", "--interval", "0.1"]);
    first.send("go on");
    wait_until("the first one waits", || waits("a"));
    terminal.shows("└─ a: has waited ");
    assert!(!terminal.screen().contains("DEADLOCK"));
    last.send("go on");
    terminal.shows("DEADLOCK a: 1 waiting, has waited ");
    terminal.shows("└─ DEADLOCK b: 1 waiting, has waited ");
    wait_until("the cycle is drawn", || {
        terminal.picture().iter().any(|it| it.contains("└─ DEADLOCK"))
    });
    let picture = terminal.picture();
    assert_eq!(picture.iter().filter(|line| line.contains("DEADLOCK")).count(), 2, "{picture:#?}");
    last.kill();
    // Its parent, `unshare`, is killed, and it with that.
    assert_eq!(first.finish(), ["both, lost: false"]);
    terminal.shows("nobody waits");
}
