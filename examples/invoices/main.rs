//! Several processes save invoices into one database, and no sold track is lost.
//!
//! ```text
//! cargo run --release --example invoices
//! cargo run --release --example invoices -- --no-lock
//! cargo run --release --example invoices -- --database postgres://app@db1/shop
//! ```
//!
//! The last one has the tables and the lock in one PostgreSQL, as if the workers were on several
//! machines: they share nothing else, and each transaction is fenced by the lock.
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
use std::path::Path;
use std::process::ExitCode;

use crate::arguments::{Arguments, Role, Run};
use crate::crew::CrewError;
use crate::database::file::FileError;
use crate::database::schema::Schema;
use crate::database::{DatabaseError, file};
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
    File(#[from] FileError),
    #[error(transparent)]
    Crew(#[from] CrewError),
    #[error("the database cannot be used, {0}")]
    Database(#[from] DatabaseError),
    #[error("the outcome cannot be printed: {0}")]
    Print(#[from] io::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::understand();
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
    match run.database.as_deref() {
        Some(url) if database::is_url(url) => {
            let schema = Schema::make(url)?;
            save(run, &schema.database, &schema.locks)
        }
        file => run_on_file(run, file.map(Path::new)),
    }
}

fn run_on_file(run: &Run, file: Option<&Path>) -> Result<Verdict, RunError> {
    // Removed when this function is left, by which time no worker lives.
    let folder =
        tempfile::Builder::new().prefix("invoices-").tempdir().map_err(RunError::Folder)?;
    let database = match file {
        Some(database) if run.in_place => {
            file::prepare_in_place(database)?;
            database.to_owned()
        }
        source => {
            let copy = folder.path().join("invoices.sqlite");
            file::prepare(source, &copy)?;
            copy
        }
    };
    let locks = folder.path().join("locks").display().to_string();
    save(run, &database.display().to_string(), run.locks.as_deref().unwrap_or(&locks))
}

/// Saves the invoices, and finds out whether the numbers are right.
fn save(run: &Run, database: &str, locks: &str) -> Result<Verdict, RunError> {
    let mut output = io::stdout().lock();
    writeln!(output, "{run}\n")?;
    let summary = crew::work(run, database, (!run.no_lock).then_some(locks))?;
    let verdict = Verdict::of(&mut *database::open(database)?)?;
    writeln!(output, "{summary}\n{verdict}")?;
    if run.no_lock && verdict.is_right() {
        writeln!(output, "Without the lock that was luck: run it again.")?;
    }
    Ok(verdict)
}
