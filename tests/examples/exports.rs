//! `examples/exports`: at most three exports run at once.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use jam_lock_tests::child::Child;
use jam_lock_tests::output::printed;
use jam_lock_tests::program;

use super::{example, folder, run};

/// The exports that run, by permit, as the events show it.
#[derive(Default)]
struct Running(BTreeMap<String, String>);

impl Running {
    /// How many run after the event, which must not be that of a fourth.
    fn after(&mut self, event: &str) -> usize {
        let words = event.split([' ', ',']).collect::<Vec<_>>();
        match words[..] {
            ["export", export, "has", "permit", permit, ..] => {
                let before = self.0.insert(permit.to_owned(), export.to_owned());
                assert_eq!(before, None, "two exports have a permit: {event}");
            }
            ["export", export, "is", "done"] => self.0.retain(|_, running| running != export),
            _ => {}
        }
        assert!(self.0.len() <= 3, "{event}: {:?}", self.0);
        self.0.len()
    }
}

#[test]
fn three_of_eight_exports_run_at_once() {
    let folder = folder();
    let output = run(&mut example("exports", folder.path()), "");
    assert!(output.status.success());
    let printed = printed(&output);
    let mut running = Running::default();
    let most = printed.lines().map(|event| running.after(event)).max();
    assert_eq!(most, Some(3), "{printed}");
    assert!(printed.ends_with("8 of 8 exports succeeded"), "{printed}");
}

#[test]
fn the_permit_of_a_killed_export_goes_to_the_next() {
    let folder = folder();
    let mut exports = Child::start(&mut example("exports", folder.path()));
    let (mut running, mut killed) = (Running::default(), None);
    let printed = loop {
        let event = exports.next_line();
        if event.ends_with("exports succeeded") {
            break event;
        }
        if let Some((of_export, process)) = event.split_once(", in process ") {
            if killed.is_none() {
                let kill = Command::new("kill").args(["-9", process]).status();
                assert!(kill.expect("it can be run").success());
                killed = of_export.split(' ').nth(1).map(str::to_owned);
                continue;
            }
        }
        assert!(running.after(&event) <= 3);
    };
    assert_eq!(printed, "7 of 8 exports succeeded");
    assert!(running.0.is_empty(), "{:?} has ended", running.0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_a_line_for_each_permit() {
    let folder = folder();
    let line =
        format!("stty cols 100; exec {}", program::example("exports").get_program().display());
    let mut terminal = Command::new("script");
    terminal.args(["-qefc", &line, "/dev/null"]).current_dir(folder.path());
    terminal.env_remove("JAM_LOCK").env("TERM", "xterm").stdin(Stdio::null());
    let output = terminal.output().expect("it can be run");
    let shown = printed(&output);
    assert!(output.status.success(), "{shown}");
    for text in ["permit 1", "permit 2", "permit 3", "export 8", "waiting: ", "██"] {
        assert!(shown.contains(text), "{text} is missing: {shown}");
    }
    assert!(!shown.contains("permit 4"), "{shown}");
    let (_, left) = shown.rsplit_once("\u{1b}[2K").expect("the picture was cleared");
    assert!(left.contains("8 of 8 exports succeeded"), "{left:?}");
}
