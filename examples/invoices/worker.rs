//! A worker: one of the processes that save invoices at the same time.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use jam_lock::{LockError, Locks, set_default_locks};

use crate::arguments::Task;
use crate::clerk::Clerk;
use crate::database::{self, DatabaseError};
use crate::handler::{SaveError, on_apply, on_apply_without_lock};
use crate::report::{News, Report};

/// Why a worker stopped early.
#[derive(Debug, thiserror::Error)]
enum WorkerError {
    #[error("the locks cannot be opened: {0}")]
    Locks(#[from] LockError),
    #[error(transparent)]
    Save(#[from] SaveError),
    #[error("the database cannot be read, {0}")]
    Read(#[from] DatabaseError),
    #[error("nobody reads the reports: {0}")]
    Report(#[from] io::Error),
}

/// Does `task`, and reports each invoice, or else why it could not be saved.
pub(crate) fn work(task: &Task) -> ExitCode {
    let Err(error) = save_invoices(task) else { return ExitCode::SUCCESS };
    let news = News::Failed { reason: error.to_string() };
    // When the crew is gone there is nobody to tell, and the status says it all.
    let _ = Report { worker: task.number, news }.send();
    ExitCode::FAILURE
}

fn save_invoices(task: &Task) -> Result<(), WorkerError> {
    let save = if let Some(place) = &task.locks {
        let is_url = database::is_url(place);
        set_default_locks(if is_url { Locks::connect(place)? } else { Locks::open(place)? })?;
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
        let news = News::Saved { lines: saved.lines, waited: saved.waited };
        // Fails once the crew is gone, so that no worker outlives it for long.
        Report { worker: task.number, news }.send()?;
    }
    Ok(())
}
