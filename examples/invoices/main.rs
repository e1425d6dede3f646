//! Several processes save invoices into one database, and no sale is lost.
//!
//! ```text
//! cargo run --release --example invoices
//! cargo run --release --example invoices -- --no-lock
//! cargo run --release --example invoices -- --database postgres://app@db1/shop
//! ```
//!
//! The last command has the tables and the lock in one PostgreSQL database, as if the workers ran on
//! several machines: they share nothing else, and each transaction is fenced.
//!
//! Start reading with `handler`, which is what an application would have, including the function with
//! the attribute. Around it, a `clerk` generates invoices, a `worker` is a process that saves them, the
//! `supervisor` starts the workers, and the `verdict` checks the numbers at the end.

mod arguments;
mod catalogue;
mod clerk;
mod database;
mod delta;
mod handler;
mod invoice;
mod report;
mod summary;
mod supervisor;
mod verdict;
mod worker;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::arguments::{Arguments, Role, Run};
use crate::database::file::FileError;
use crate::database::schema::Schema;
use crate::database::{DatabaseError, file};
use crate::supervisor::SupervisorError;
use crate::verdict::Verdict;

jam_lock::lock_names! {
    /// Held while an invoice is saved.
    "invoice_saved",
}

/// The exit status if `TRACKS_SOLD` is wrong.
const EXIT_WRONG: u8 = 1;

/// The exit status after an error, as after a wrong command line.
const EXIT_ERROR: u8 = 2;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error("cannot create a temporary folder: {0}")]
    Folder(io::Error),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Supervisor(#[from] SupervisorError),
    #[error("the database cannot be used: {0}")]
    Database(#[from] DatabaseError),
    #[error("cannot print the result: {0}")]
    Print(#[from] io::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse_or_exit();
    if let Some(Role::Worker(task)) = arguments.role {
        return worker::work(&task);
    }
    match run(&arguments.run) {
        Ok(verdict) if verdict.is_right() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(EXIT_WRONG),
        Err(error) => {
            eprintln!("invoices: {error}");
            ExitCode::from(EXIT_ERROR)
        }
    }
}

fn run(run: &Run) -> Result<Verdict, RunError> {
    match run.database.as_deref() {
        Some(url) if database::is_url(url) => {
            let schema = Schema::create(url)?;
            save(run, &schema.database, &schema.locks)
        }
        file => run_on_file(run, file.map(Path::new)),
    }
}

fn run_on_file(run: &Run, file: Option<&Path>) -> Result<Verdict, RunError> {
    // Removed at the end of this function, when all workers have exited.
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

/// Saves the invoices, and checks the numbers.
fn save(run: &Run, database: &str, locks: &str) -> Result<Verdict, RunError> {
    let mut output = io::stdout().lock();
    writeln!(output, "{run}\n")?;
    let summary = supervisor::run_workers(run, database, (!run.no_lock).then_some(locks))?;
    let verdict = Verdict::new(&mut *database::open(database)?)?;
    writeln!(output, "{summary}\n{verdict}")?;
    if run.no_lock && verdict.is_right() {
        writeln!(output, "Without the lock that is luck: run it again.")?;
    }
    Ok(verdict)
}
