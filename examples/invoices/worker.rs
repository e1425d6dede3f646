//! A worker: one of the processes that save invoices concurrently.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use jam_lock::{LockError, Locks, set_default_locks};

use crate::arguments::Task;
use crate::clerk::Clerk;
use crate::database::{self, DatabaseError};
use crate::handler::{SaveError, on_apply, on_apply_without_lock};
use crate::report::{Event, Report};

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

/// Carries out `task`, and reports each invoice, or the error that stopped it.
pub(crate) fn work(task: &Task) -> ExitCode {
    let Err(error) = save_invoices(task) else { return ExitCode::SUCCESS };
    let event = Event::Failed { reason: error.to_string() };
    // If the supervisor has exited, only the exit status is left.
    let _ = Report { worker: task.number, event }.send();
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
    let think = Duration::from_millis(task.think);
    let mut clerk = Clerk::new(task.number, think, &mut *database)?;
    for _ in 0..task.invoices {
        let delta = clerk.enter(&mut *database)?;
        clerk.pause();
        let saved = save(&delta, &mut *database)?;
        let event = Event::Saved { lines: saved.lines, waited: saved.waited };
        // Fails once the supervisor has exited, so that no worker outlives it for long.
        Report { worker: task.number, event }.send()?;
    }
    Ok(())
}
