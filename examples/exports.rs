//! A job of which at most three run at once, in eight processes.
//!
//! ```text
//! cargo run --example exports
//! ```
//!
//! A terminal shows which export has which of the three permits; without one, as in a pipe, each event is a
//! line. Kill one of the processes: the next export has its permit at once. Run the program in two
//! terminals: together, they run three exports at a time.

use std::env;
use std::io::{self, BufRead, BufReader, PipeWriter};
use std::process::{self, Child, Command, ExitCode};
use std::thread;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use jam_lock::{Held, LockError, locked};

jam_lock::lock_names! {
    /// Held while data is exported, by up to three processes at once.
    "export" = 3,
}

/// How many exports are started.
const EXPORTS: u32 = 8;

/// How many parts an export has.
const PARTS: u64 = 20;

fn main() -> io::Result<ExitCode> {
    if let Some(number) = env::args().nth(1) {
        println!("export {number} waits");
        export(&number)?;
        return Ok(ExitCode::SUCCESS);
    }
    // All processes write to one pipe, so that the events arrive in the order in which they happen.
    let (events, pipe) = io::pipe()?;
    let exports: Vec<_> =
        (1..=EXPORTS).map(|number| start(number, &pipe)).collect::<io::Result<_>>()?;
    drop(pipe);
    let mut picture = Picture::new();
    for event in BufReader::new(events).lines() {
        picture.show(&event?);
    }
    picture.clear();
    report(exports)
}

/// Starts the process of an export.
fn start(number: u32, pipe: &PipeWriter) -> io::Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(number.to_string()).stdout(pipe.try_clone()?).spawn()
}

/// Waits until all exports have ended, and prints which of them failed.
fn report(exports: Vec<Child>) -> io::Result<ExitCode> {
    let mut failed = 0;
    for (mut export, number) in exports.into_iter().zip(1..) {
        let status = export.wait()?;
        if !status.success() {
            println!("export {number} failed: {status}");
            failed += 1;
        }
    }
    println!("{} of {EXPORTS} exports succeeded", EXPORTS - failed);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs in at most three processes at once; the others wait for up to a minute.
#[locked("export", timeout = 60, guard = held)]
fn export(number: &str) -> Result<(), LockError> {
    println!("export {number} has permit {}, in process {}", held.permit(), process::id());
    for part in 1..=PARTS {
        write_part(part, held);
        println!("export {number} has written part {part} with permit {}", held.permit());
    }
    println!("export {number} is done");
    Ok(())
}

/// Stands for the work, which cannot be called without a permit.
fn write_part(_: u64, _: &Held<lock_names::Export>) {
    thread::sleep(Duration::from_millis(50));
}

/// A line for each permit, and one for the exports without one.
struct Picture {
    lines: MultiProgress,
    permits: Vec<ProgressBar>,
    others: ProgressBar,
    waiting: Vec<String>,
    done: Vec<String>,
}

impl Picture {
    fn new() -> Self {
        let lines = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
        let line = |template| {
            let style = ProgressStyle::with_template(template).expect("the template is valid");
            lines.add(ProgressBar::new(PARTS).with_style(style))
        };
        let permits = (1..=lock_names::EXPORT.permits())
            .map(|permit| line("permit {prefix}  {bar:30}  {msg}").with_prefix(permit.to_string()))
            .collect();
        let others = line("{msg}");
        Self { lines, permits, others, waiting: Vec::new(), done: Vec::new() }
    }

    /// Shows a line of an export; without a terminal, as it is.
    fn show(&mut self, event: &str) {
        match event.split([' ', ',']).collect::<Vec<_>>()[..] {
            _ if self.lines.is_hidden() => println!("{event}"),
            [_, export, "waits"] => self.waiting.push(export.to_owned()),
            [_, export, "is", "done"] => self.done.push(export.to_owned()),
            [_, export, "has", "permit", permit, ..] => {
                self.waiting.retain(|waiting| waiting != export);
                self.line(permit, 0, export);
            }
            [_, export, "has", "written", "part", part, "with", "permit", permit] => {
                self.line(permit, part.parse().unwrap_or_default(), export);
            }
            _ => {}
        }
        let [waiting, done] = [&self.waiting, &self.done].map(|exports| exports.join(" "));
        self.others.set_message(format!("waiting: {waiting}\ndone:    {done}"));
    }

    fn line(&self, permit: &str, part: u64, export: &str) {
        let permit = permit.parse::<usize>().ok().and_then(|permit| permit.checked_sub(1));
        if let Some(line) = permit.and_then(|permit| self.permits.get(permit)) {
            line.set_position(part);
            line.set_message(format!("export {export}"));
        }
    }

    fn clear(&self) {
        self.permits.iter().chain([&self.others]).for_each(ProgressBar::finish_and_clear);
    }
}
