//! Starts the workers, collects their reports, and ensures that all of them end.

use std::env;
use std::io::{self, BufRead, BufReader, PipeWriter};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::Run;
use crate::report::{InvalidReport, Outcome, Report};
use crate::summary::Summary;

/// Why the workers did not save all invoices.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkersError {
    #[error("cannot start worker {worker}: {error}")]
    Start { worker: u32, error: io::Error },

    #[error("worker {worker} stopped: {reason}")]
    Stopped { worker: u32, reason: String },

    #[error("worker {worker} died before it had saved all of its invoices: {status}")]
    Died { worker: u32, status: ExitStatus },

    #[error(transparent)]
    Report(#[from] InvalidReport),

    #[error("cannot read the workers' reports: {0}")]
    Read(#[from] io::Error),
}

/// A running worker, which is killed on drop.
struct Worker {
    number: u32,
    process: Child,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Neither has an effect on a process that has ended and was waited for, as most have.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Saves the invoices of `run` into `database`, without the lock if `locks` is `None`.
pub(crate) fn run(run: &Run, database: &str, locks: Option<&str>) -> Result<Summary, WorkersError> {
    let bar = progress_bar(u64::from(run.invoices));
    let started = Instant::now();
    let (reports, writer) = io::pipe()?;
    let workers = (1..=run.workers)
        .map(|number| start(number, run, database, locks, &writer))
        .collect::<Result<Vec<_>, _>>()?;
    // Otherwise the pipe would never reach its end.
    drop(writer);

    let mut summary = Summary::default();
    for line in BufReader::new(reports).lines() {
        let Report { worker, outcome } = line?.parse()?;
        match outcome {
            Outcome::Saved { lines, waited } => summary.add(lines, waited),
            Outcome::Failed { reason } => return Err(WorkersError::Stopped { worker, reason }),
        }
        bar.inc(1);
    }
    for mut worker in workers {
        let status = worker.process.wait()?;
        if !status.success() {
            return Err(WorkersError::Died { worker: worker.number, status });
        }
    }
    summary.elapsed = started.elapsed();
    bar.finish_and_clear();
    Ok(summary)
}

/// Starts this program again, as worker `number`.
fn start(
    number: u32,
    run: &Run,
    database: &str,
    locks: Option<&str>,
    reports: &PipeWriter,
) -> Result<Worker, WorkersError> {
    let spawn = || {
        let mut command = Command::new(env::current_exe()?);
        command.arg("worker").args(["--number", &number.to_string()]);
        command.args(["--invoices", &share(number, run).to_string()]);
        command.args(["--think", &run.think_time.to_string()]);
        command.arg("--database").arg(database);
        if let Some(location) = locks {
            command.arg("--locks").arg(location);
        }
        command.stdin(Stdio::null()).stdout(reports.try_clone()?).spawn()
    };
    let process = spawn().map_err(|error| WorkersError::Start { worker: number, error })?;
    Ok(Worker { number, process })
}

/// How many of the invoices worker `number` saves: the shares differ by at most one.
fn share(number: u32, run: &Run) -> u32 {
    run.invoices / run.workers + u32::from(number <= run.invoices % run.workers)
}

/// A progress bar on standard error, hidden if that is not a terminal.
fn progress_bar(invoices: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} invoices")
        .expect("the template is well formed");
    ProgressBar::new(invoices).with_style(style)
}
