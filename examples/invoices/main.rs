//! Several processes save invoices into one database, and no sold track is lost.
//!
//! ```text
//! cargo run --release --example invoices
//! cargo run --release --example invoices -- --no-lock
//! ```
//!
//! Where to read: `handler` is what an application would have, the annotated function among it.
//! Around it, a `clerk` makes up what a person would enter, a `worker` is a process that saves it,
//! the `crew` is all of them, and the `verdict` finds out whether the numbers are right at the end.

mod arguments;
mod catalogue;
mod clerk;
mod crew;
mod database;
mod delta;
mod handler;
mod invoice;
mod report;
mod summary;
mod verdict;
mod worker;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Role, Run};
use crate::crew::CrewError;
use crate::database::DatabaseError;
use crate::verdict::Verdict;

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

/// The exit status where `TRACKS_SOLD` came out wrong.
const WRONG: u8 = 1;

/// The exit status where it could not be found out, as that of arguments that make no sense.
const TROUBLE: u8 = 2;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error("a temporary folder cannot be made: {0}")]
    Folder(io::Error),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Crew(#[from] CrewError),
    #[error("the outcome cannot be read, SQLite says: {0}")]
    Judge(#[from] rusqlite::Error),
    #[error("the outcome cannot be printed: {0}")]
    Print(#[from] io::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Role::Worker(task)) = arguments.role {
        return worker::work(&task);
    }
    match run(&arguments.run) {
        Ok(verdict) if verdict.is_right() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(WRONG),
        Err(error) => {
            eprintln!("invoices: {error}");
            ExitCode::from(TROUBLE)
        }
    }
}

fn run(run: &Run) -> Result<Verdict, RunError> {
    // Removed when this function is left, by which time no worker lives.
    let folder =
        tempfile::Builder::new().prefix("invoices-").tempdir().map_err(RunError::Folder)?;
    let database = match &run.database {
        Some(database) if run.in_place => {
            database::prepare_in_place(database)?;
            database.clone()
        }
        source => {
            let copy = folder.path().join("invoices.sqlite");
            database::prepare(source.as_deref(), &copy)?;
            copy
        }
    };

    let mut output = io::stdout().lock();
    writeln!(output, "{run}\n")?;
    let locks = run.locks.clone().unwrap_or_else(|| folder.path().join("locks"));
    let locks = (!run.no_lock).then_some(locks.as_path());
    let summary = crew::work(run, &database, locks)?;
    let verdict = Verdict::of(&database::open(&database)?)?;
    writeln!(output, "{summary}\n{verdict}")?;
    if run.no_lock && verdict.is_right() {
        writeln!(output, "Without the lock that was luck: run it again.")?;
    }
    Ok(verdict)
}
