//! The figures in the READMEs: written by one run of all tables, so that they cannot go stale.

mod plot;
mod printed;
mod summary;

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use self::printed::Table;
use crate::contender::Outcome;

/// Where the READMEs are, which the benchmarks are run in.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

const README: &str = "README.md";
const ALL_TABLES: &str = "jam-lock/benches/README.md";
const PLOT: &str = "jam-lock/benches/costs.svg";

/// Around what is written; it stands in a README before the first run as well.
const BEGIN: &str = "<!-- written by `cargo run --release -p jam-lock-benches -- write` -->\n";
const END: &str = "<!-- end of what is written -->\n";

/// Measures all tables, and writes them into the READMEs, with a plot.
pub(crate) fn write() -> Outcome {
    let measured_at = circumstances()?;
    write_from(&measured_at, &run_all()?)
}

fn write_from(measured_at: &str, output: &str) -> Outcome {
    let tables = printed::parse(output);
    let summary = summary::of(&tables)?;
    let all: String = tables.iter().map(Table::to_markdown).collect();
    replace(ALL_TABLES, &format!("{measured_at}\n\n{summary}\n{all}"))?;
    replace(README, &format!("![Costs beside those of the alternatives]({PLOT})\n\n{summary}"))?;
    Ok(fs::write(in_workspace(PLOT), plot::of(&tables)?)?)
}

/// What this program prints if it is started without arguments.
fn run_all() -> Outcome<String> {
    let mut all = Command::new(env::current_exe()?).stdout(Stdio::piped()).spawn()?;
    let mut output = String::new();
    for line in BufReader::new(all.stdout.take().ok_or("it is piped")?).lines() {
        let line = line?;
        println!("{line}");
        output += &line;
        output.push('\n');
    }
    let status = all.wait()?;
    if status.success() { Ok(output) } else { Err(format!("the tables failed: {status}").into()) }
}

/// The commit and the machine, as a sentence.
fn circumstances() -> Outcome<String> {
    let [date, commit, changes] =
        [&["log", "-1", "--format=%cs"][..], &["rev-parse", "--short", "HEAD"], &["status", "-s"]]
            .map(git);
    let changes = if changes?.is_empty() { "" } else { " with changes that are not committed" };
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    // Without what a distribution adds.
    let kernel = kernel.trim().split('-').next().unwrap_or_default();
    let processors = std::thread::available_parallelism()?;
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    Ok(format!(
        "Measured with commit {}{changes} of {} on Linux {}, {processors} processors ({}), with the \
         lock files on {}.",
        commit?,
        date?,
        kernel,
        model.unwrap_or("of an unknown model"),
        file_system(&env::temp_dir())?,
    ))
}

fn git(arguments: &[&str]) -> Outcome<String> {
    let output = Command::new("git").current_dir(WORKSPACE).args(arguments).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn file_system(folder: &Path) -> Outcome<String> {
    let output =
        Command::new("stat").args(["--file-system", "--format=%T"]).arg(folder).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().replace("ext2/ext3", "ext4"))
}

fn in_workspace(path: &str) -> std::path::PathBuf {
    Path::new(WORKSPACE).join(path)
}

/// Replaces what an earlier run has written into the document at `path`.
fn replace(path: &str, text: &str) -> Outcome {
    let path = in_workspace(path);
    let document = fs::read_to_string(&path)?;
    let parts = document.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) = parts.ok_or("the marks around the figures are missing")?;
    Ok(fs::write(&path, format!("{before}{BEGIN}\n{text}\n{END}{after}"))?)
}
