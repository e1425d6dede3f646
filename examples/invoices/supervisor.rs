//! Starts the workers, reads their reports, and makes sure that all of them exit.

use std::env;
use std::io::{self, BufRead, BufReader, PipeWriter};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::Run;
use crate::report::{Event, NotAReport, Report};
use crate::summary::Summary;

/// Why the workers did not finish.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SupervisorError {
    #[error("cannot start worker {worker}: {error}")]
    Start { worker: u32, error: io::Error },

    #[error("worker {worker} stopped: {reason}")]
    Stopped { worker: u32, reason: String },

    #[error("worker {worker} died before it had saved all its invoices: {status}")]
    Died { worker: u32, status: ExitStatus },

    #[error(transparent)]
    Report(#[from] NotAReport),

    #[error("cannot read the reports of the workers: {0}")]
    Read(#[from] io::Error),
}

/// A running process.
struct Worker {
    number: u32,
    process: Child,
}

/// No worker is left running, whatever goes wrong.
impl Drop for Worker {
    fn drop(&mut self) {
        // Both do nothing to a process that has exited and was waited for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Saves the invoices of `run` in `database`, without the lock if there are no `locks`.
pub(crate) fn run_workers(
    run: &Run,
    database: &str,
    locks: Option<&str>,
) -> Result<Summary, SupervisorError> {
    let bar = progress_bar(u64::from(run.invoices));
    let started = Instant::now();
    let (reports, writer) = io::pipe()?;
    let workers = (1..=run.workers)
        .map(|number| start(number, run, database, locks, &writer))
        .collect::<Result<Vec<_>, _>>()?;
    // The reports end when the last writer is closed, and this process has one.
    drop(writer);

    let mut summary = Summary::default();
    for line in BufReader::new(reports).lines() {
        let Report { worker, event } = line?.parse()?;
        match event {
            Event::Saved { lines, waited } => summary.add(lines, waited),
            Event::Failed { reason } => return Err(SupervisorError::Stopped { worker, reason }),
        }
        bar.inc(1);
    }
    for mut worker in workers {
        let status = worker.process.wait()?;
        if !status.success() {
            return Err(SupervisorError::Died { worker: worker.number, status });
        }
    }
    summary.took = started.elapsed();
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
) -> Result<Worker, SupervisorError> {
    let spawn = || {
        let mut command = Command::new(env::current_exe()?);
        command.arg("worker").args(["--number", &number.to_string()]);
        command.args(["--invoices", &share(number, run).to_string()]);
        command.args(["--think", &run.think.to_string()]);
        command.arg("--database").arg(database);
        if let Some(location) = locks {
            command.arg("--locks").arg(location);
        }
        command.stdin(Stdio::null()).stdout(reports.try_clone()?).spawn()
    };
    let process = spawn().map_err(|error| SupervisorError::Start { worker: number, error })?;
    Ok(Worker { number, process })
}

/// How many of the invoices worker `number` saves, which differs by at most one between workers.
fn share(number: u32, run: &Run) -> u32 {
    run.invoices / run.workers + u32::from(number <= run.invoices % run.workers)
}

/// A progress bar on standard error, or none if that is not a terminal.
fn progress_bar(invoices: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} invoices")
        .expect("the template is well formed");
    ProgressBar::new(invoices).with_style(style)
}
