//! The crew: starts the workers, listens to their reports, and sees to it that all of them end.

use std::env;
use std::io::{self, BufRead, BufReader, PipeWriter};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::Run;
use crate::report::{News, NotAReport, Report};
use crate::summary::Summary;

/// Why the crew did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CrewError {
    #[error("worker {worker} cannot be started: {error}")]
    Start { worker: u32, error: io::Error },

    #[error("worker {worker} stopped: {reason}")]
    Stopped { worker: u32, reason: String },

    #[error("worker {worker} died before it had saved all of its invoices: {status}")]
    Died { worker: u32, status: ExitStatus },

    #[error(transparent)]
    Report(#[from] NotAReport),

    #[error("the workers cannot be listened to: {0}")]
    Listen(#[from] io::Error),
}

/// One running process.
struct Worker {
    number: u32,
    process: Child,
}

/// Whatever goes wrong, no worker is left behind.
impl Drop for Worker {
    fn drop(&mut self) {
        // Both do nothing to a process that has ended and was waited for, as most have.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Has the invoices of `run` saved in `database`, without the lock if there are no `locks`.
pub(crate) fn work(run: &Run, database: &str, locks: Option<&str>) -> Result<Summary, CrewError> {
    let bar = progress_bar(u64::from(run.invoices));
    let started = Instant::now();
    let (reports, writer) = io::pipe()?;
    let workers = (1..=run.workers)
        .map(|number| start(number, run, database, locks, &writer))
        .collect::<Result<Vec<_>, _>>()?;
    // The reports end when nobody can write any more, and we could.
    drop(writer);

    let mut summary = Summary::default();
    for line in BufReader::new(reports).lines() {
        let Report { worker, news } = line?.parse()?;
        match news {
            News::Saved { lines, waited } => summary.add(lines, waited),
            News::Failed { reason } => return Err(CrewError::Stopped { worker, reason }),
        }
        bar.inc(1);
    }
    for mut worker in workers {
        let status = worker.process.wait()?;
        if !status.success() {
            return Err(CrewError::Died { worker: worker.number, status });
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
) -> Result<Worker, CrewError> {
    let spawn = || {
        let mut command = Command::new(env::current_exe()?);
        command.arg("worker").args(["--number", &number.to_string()]);
        command.args(["--invoices", &share(number, run).to_string()]);
        command.args(["--think", &run.think.to_string()]);
        command.arg("--database").arg(database);
        if let Some(place) = locks {
            command.arg("--locks").arg(place);
        }
        command.stdin(Stdio::null()).stdout(reports.try_clone()?).spawn()
    };
    let process = spawn().map_err(|error| CrewError::Start { worker: number, error })?;
    Ok(Worker { number, process })
}

/// How many of the invoices worker `number` saves: as many as the others, or one more.
fn share(number: u32, run: &Run) -> u32 {
    run.invoices / run.workers + u32::from(number <= run.invoices % run.workers)
}

/// A bar on standard error, and none where that is no terminal.
fn progress_bar(invoices: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} invoices")
        .expect("the template is well formed");
    ProgressBar::new(invoices).with_style(style)
}
