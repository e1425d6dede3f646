//! `examples/progress`: a waiting process shows what it waits for, and its holder.

use std::io::Read;
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::program;

use super::{example, folder};

/// The line that a process prints once it holds the lock.
const PRINTING: &str = "printing in capitals: end the input to stop";

/// Starts a process that holds the lock.
fn first(folder: &Path) -> Child {
    let mut first = Child::start(&mut example("progress", folder));
    assert_eq!(first.next_line(), PRINTING);
    first
}

fn start(command: &mut Command) -> process::Child {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("it was built")
}

/// All that a program has printed so far.
struct Screen(Arc<Mutex<String>>);

impl Screen {
    fn new(mut output: impl Read + Send + 'static) -> Self {
        let shown = Arc::new(Mutex::new(String::new()));
        let screen = Self(Arc::clone(&shown));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                *shown.lock().unwrap() += &String::from_utf8_lossy(&bytes[..read]);
            }
        });
        screen
    }

    fn shown(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    fn until_shown(&self, text: &str) {
        wait_until(&format!("{text:?} is shown"), || self.shown().contains(text));
    }
}

#[test]
fn a_terminal_shows_a_line_with_the_holder_and_clears_it() {
    let folder = folder();
    let first = first(folder.path());
    let line =
        format!("stty cols 200; exec {}", program::example("progress").get_program().display());
    let mut terminal = Command::new("script");
    terminal.args(["-qefc", &line, "/dev/null"]).current_dir(folder.path());
    let mut second = start(&mut terminal);
    let screen = Screen::new(second.stdout.take().unwrap());
    screen.until_shown("waiting for `printer`, held by `print_in_capitals` at ");
    screen.until_shown(&format!("progress (pid {})", first.id()));
    first.finish();
    screen.until_shown(PRINTING);
    let shown = screen.shown();
    let (_, left) = shown.rsplit_once("\u{1b}[2K").expect("the line was cleared");
    assert!(left.contains(PRINTING) && !left.contains("waiting"), "{left:?}");
    second.stdin = None;
    assert!(second.wait().unwrap().success());
}

#[test]
fn without_a_terminal_the_line_is_printed_once() {
    let folder = folder();
    let first = first(folder.path());
    let mut second = start(&mut example("progress", folder.path()));
    let log = Screen::new(second.stderr.take().unwrap());
    log.until_shown(&format!("progress (pid {})", first.id()));
    first.finish();
    let output = second.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, format!("{PRINTING}\n").as_bytes());
    let shown = log.shown();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!((lines.len(), lines[0]), (2, "waiting for `printer`"), "{shown}");
    assert!(
        lines[1].starts_with("waiting for `printer`, held by `print_in_capitals` at "),
        "{shown}"
    );
}
