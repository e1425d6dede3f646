//! Under `-C instrument-coverage`, the lines of a function or a block are counted with a lock as without.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The package with functions and blocks of every shape; its feature `plain` has them without the macros.
const PACKAGE: &str = "jam-lock-tests-coverage";

/// How often each line ran, for its file and number; lines that no code is on have no count.
type Counts = BTreeMap<(String, usize), u64>;

#[test]
fn every_line_is_counted_with_a_lock_as_without() {
    let Some(tools) = llvm_tools() else {
        return skip("the LLVM tools are not installed: run `rustup component add llvm-tools`");
    };
    let (plain, locked) = (counts(&tools, &["--features", "plain"]), counts(&tools, &[]));
    let executed = plain.values().filter(|count| **count > 0).count();
    assert!(executed > 150 && executed < plain.len(), "{executed} of {}", plain.len());
    // Twice is as good as once: a locked async function consists of two.
    let differs = |(place, count): &(&(String, usize), &u64)| {
        locked.get(place).is_none_or(|locked| (*locked > 0) != (**count > 0))
    };
    let different = plain.iter().filter(differs).map(|(place, count)| {
        format!("{place:?} has {:?}, without a lock {count}", locked.get(place))
    });
    assert_eq!(different.collect::<Vec<_>>(), [""; 0]);
}

/// Says why the test is skipped, past the capture of the test harness, so that it is seen.
fn skip(why: &str) {
    let text = format!("skipped: {why}\n");
    io::stderr().write_all(text.as_bytes()).expect("standard error can be written to");
}

/// The folder with the tools of the compiler's own LLVM, which read what it writes.
fn llvm_tools() -> Option<PathBuf> {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let libraries = output(rustc.args(["--print", "target-libdir"]));
    let tools = Path::new(libraries.trim()).with_file_name("bin");
    tools.join(format!("llvm-cov{}", env::consts::EXE_SUFFIX)).is_file().then_some(tools)
}

/// Runs the program, and reads how often each line of its sources ran.
fn counts(tools: &Path, features: &[&str]) -> Counts {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let [raw, profile] = ["coverage.profraw", "coverage.profdata"].map(|it| folder.path().join(it));
    let program = build(features);
    output(Command::new(&program).env("LLVM_PROFILE_FILE", &raw));
    output(
        Command::new(tools.join("llvm-profdata")).arg("merge").arg(&raw).arg("-o").arg(&profile),
    );
    let mut llvm_cov = Command::new(tools.join("llvm-cov"));
    llvm_cov.args(["export", "--format=lcov", "--instr-profile"]).arg(&profile).arg(&program);
    parse(&output(&mut llvm_cov))
}

/// Compiles the program so that it counts, but not what it depends on.
fn build(features: &[&str]) -> PathBuf {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["rustc", "--offline", "--message-format=json", "--package", PACKAGE]);
    cargo.args(["--bin", "coverage"]).args(features).args(["--", "-C", "instrument-coverage"]);
    let messages = output(&mut cargo);
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = messages.filter_map(|it| it["executable"].as_str().map(PathBuf::from));
    programs.next().expect("it is compiled")
}

/// The counts in a file of lcov: `SF:` precedes a file, and `DA:` a line and its count.
fn parse(lcov: &str) -> Counts {
    let mut counts = Counts::new();
    let (mut file, mut source) = (String::new(), String::new());
    for line in lcov.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            let name = Path::new(path).file_name().expect("it is a file");
            file = name.to_string_lossy().into_owned();
            source = fs::read_to_string(path).expect("it can be read");
        } else if let Some((number, count)) =
            line.strip_prefix("DA:").and_then(|it| it.split_once(','))
        {
            let number: usize = number.parse().expect("it is a number");
            let text = source.lines().nth(number - 1).expect("the line exists");
            // The first line of a block runs once the lock is requested, without one at its end.
            if file != "without_locks.rs" && !text.contains("locked!(") {
                counts.insert((file.clone(), number), count.parse().expect("it is a number"));
            }
        }
    }
    counts
}

/// What a successful command prints.
fn output(command: &mut Command) -> String {
    let output = command.output().expect("it can be started");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is text")
}
