//! A worker: one of the processes that save invoices at the same time.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use jam_lock::{LockError, Locks, set_default_locks};

use crate::arguments::Task;
use crate::database::{self, DatabaseError};
use crate::handler::{SaveError, on_apply, on_apply_without_lock};
use crate::report::{Outcome, Report};
use crate::simulated_user::SimulatedUser;

/// Why a worker stopped early.
#[derive(Debug, thiserror::Error)]
enum WorkerError {
    #[error("cannot open the locks: {0}")]
    Locks(#[from] LockError),
    #[error(transparent)]
    Save(#[from] SaveError),
    #[error("cannot read the database: {0}")]
    Read(#[from] DatabaseError),
    #[error("cannot send a report: {0}")]
    Report(#[from] io::Error),
}

/// Performs `task`, and reports each saved invoice, or the error that ended it.
pub(crate) fn work(task: &Task) -> ExitCode {
    let Err(error) = save_invoices(task) else { return ExitCode::SUCCESS };
    let outcome = Outcome::Failed { reason: error.to_string() };
    // Fails if the parent process is gone, and is not needed then.
    let _ = Report { worker: task.number, outcome }.send();
    ExitCode::FAILURE
}

fn save_invoices(task: &Task) -> Result<(), WorkerError> {
    let save = if let Some(location) = &task.locks {
        let is_url = database::is_url(location);
        set_default_locks(if is_url { Locks::connect(location)? } else { Locks::open(location)? })?;
        on_apply
    } else {
        on_apply_without_lock
    };
    let mut database = database::open(&task.database)?;
    let think_time = Duration::from_millis(task.think_time);
    let mut user = SimulatedUser::new(task.number, think_time, &mut *database)?;
    for _ in 0..task.invoices {
        let delta = user.next_delta(&mut *database)?;
        user.pause();
        let saved = save(&delta, &mut *database)?;
        let outcome = Outcome::Saved { lines: saved.lines, waited: saved.waited };
        // Fails once the parent process is gone, so that no worker outlives it for long.
        Report { worker: task.number, outcome }.send()?;
    }
    Ok(())
}
