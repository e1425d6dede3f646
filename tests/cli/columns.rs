//! The columns of the table of locks, on a terminal and elsewhere.

use std::path::Path;

use console::{measure_text_width, strip_ansi_codes};
use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::output::run_to_end;

use crate::pseudo_terminal::Terminal;
use crate::{command, folder, stdout};

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";

/// The lines that `list` prints on a terminal of 80 columns, after these words in front of the command.
fn listed_on_terminal(folder: &Path, words: &[&str], options: &[&str]) -> Vec<String> {
    // Output of a program that has ended may still be on its way.
    let shell = ["sh", "-c", "\"$@\"; echo end", "sh"];
    let list = [env!("CARGO_BIN_EXE_command"), "--locks", folder.to_str().unwrap(), "list"];
    let terminal = Terminal::of_width(80, &[&shell[..], words, &list, options].concat());
    terminal.shows("end\r\n");
    let screen = terminal.screen();
    screen.lines().take_while(|line| *line != "end").map(ToOwned::to_owned).collect()
}

fn listed_in_pipe(folder: &Path, options: &[&str]) -> String {
    stdout(&run_to_end(command(folder).arg("list").args(options)))
}

#[test]
fn a_terminal_of_80_columns_shows_the_whole_process_id_and_wraps_nothing() {
    let folder = folder();
    let name = format!("begin{}end", "-".repeat(180));
    let long = Child::holding(folder.path(), &name);
    let short = Child::in_section(folder.path(), "x");
    let lines = listed_on_terminal(folder.path(), &["env"], &[]);
    assert_eq!(lines.len(), 3);
    for (line, child) in lines[1..].iter().zip([&long, &short]) {
        let line = strip_ansi_codes(line);
        assert!(measure_text_width(&line) <= 80, "{line}");
        assert!(line.contains(&format!("  writer  {}  ", child.id())), "{line}");
    }
    assert!(lines[1].starts_with("begin---") && lines[1].contains("…"), "{lines:?}");
    assert!(lines[2].contains("`on_apply` at ") && lines[2].contains('…'), "{lines:?}");
    let whole = listed_in_pipe(folder.path(), &[]);
    assert!(whole.contains(&name) && !whole.contains('…'), "{whole}");
}

#[test]
fn a_lock_whose_holder_died_stands_out() {
    let folder = folder();
    let child = Child::in_section(folder.path(), "x");
    let process = child.id().to_string();
    child.kill();
    let line = &listed_on_terminal(folder.path(), &["env"], &[])[1];
    assert!(line.contains(&format!("{RED}{BOLD}abandoned")), "{line:?}");
    assert!(line.contains(&process) && line.contains("died inside: `on_apply`"), "{line:?}");
    let text = listed_in_pipe(folder.path(), &[]);
    assert!(text.contains("called_x  abandoned  ") && !text.contains('\x1b'), "{text:?}");
}

#[test]
fn colours_are_for_terminals_unless_they_are_chosen() {
    let folder = folder();
    try_in_child(folder.path(), "x");
    let is_bold = |lines: &[String]| lines[0].contains(BOLD);
    let on_terminal = |words, options| is_bold(&listed_on_terminal(folder.path(), words, options));
    assert!(on_terminal(&["env"], &[]));
    assert!(!on_terminal(&["env", "NO_COLOR=1"], &[]));
    assert!(!on_terminal(&["env", "TERM=dumb"], &[]));
    assert!(!on_terminal(&["env"], &["--color", "never"]));
    assert!(on_terminal(&["env", "NO_COLOR=1"], &["--color", "always"]));
    assert!(!listed_in_pipe(folder.path(), &[]).contains(BOLD));
    assert!(listed_in_pipe(folder.path(), &["--color=always"]).contains(BOLD));
}

#[test]
fn readers_are_counted() {
    let folder = folder();
    let _readers = [(); 2].map(|()| Child::holding_shared(folder.path(), "x"));
    let text = listed_in_pipe(folder.path(), &[]);
    assert!(text.contains("  2 readers  ") && text.contains("  among them child on "), "{text}");
    let output = run_to_end(command(folder.path()).args(["who", "x"]));
    assert!(stdout(&output).starts_with("held by 2 readers, among them child (pid "), "{output:?}");
}
