//! Several processes save invoices into one database, and no sale is lost.
//!
//! ```text
//! cargo run --example invoices
//! cargo run --example invoices -- --no-lock
//! cargo run --example invoices -- --database postgres://app@db1/shop
//! ```
//!
//! The last command puts the tables and the lock into one PostgreSQL database, as workers on several
//! machines would need it: they share nothing else, and the lock fences each transaction.
//!
//! Start reading at `handler`, which has the annotated function: it is what a real application would
//! contain. The rest is a test of it: each `worker` is a process that saves what a `simulated_user`
//! enters, `workers` starts these processes and collects their reports, and `consistency_check`
//! shows at the end whether the numbers are right.

mod arguments;
mod consistency_check;
mod database;
mod delta;
mod demo_data;
mod handler;
mod invoice;
mod prepare_postgres;
mod prepare_sqlite;
mod report;
mod simulated_user;
mod summary;
mod worker;
mod workers;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::arguments::{Arguments, Role, Run};
use crate::consistency_check::ConsistencyCheck;
use crate::database::DatabaseError;
use crate::prepare_postgres::TemporarySchema;
use crate::prepare_sqlite::PrepareError;
use crate::workers::WorkersError;

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

/// The exit status if `TRACKS_SOLD` is wrong.
const EXIT_WRONG: u8 = 1;

/// The exit status if the run failed; clap exits with the same one for wrong arguments.
const EXIT_FAILED: u8 = 2;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error("cannot create a temporary folder: {0}")]
    Folder(io::Error),
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    #[error(transparent)]
    Workers(#[from] WorkersError),
    #[error("cannot use the database: {0}")]
    Database(#[from] DatabaseError),
    #[error("cannot print the result: {0}")]
    Print(#[from] io::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::from_command_line();
    if let Some(Role::Worker(task)) = arguments.role {
        return worker::work(&task);
    }
    match run(&arguments.run) {
        Ok(check) if check.passed() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(EXIT_WRONG),
        Err(error) => {
            eprintln!("invoices: {error}");
            ExitCode::from(EXIT_FAILED)
        }
    }
}

fn run(run: &Run) -> Result<ConsistencyCheck, RunError> {
    match run.database.as_deref() {
        Some(url) if database::is_url(url) => {
            let schema = TemporarySchema::create(url)?;
            save_and_check(run, &schema.database, &schema.locks)
        }
        file => run_on_file(run, file.map(Path::new)),
    }
}

fn run_on_file(run: &Run, file: Option<&Path>) -> Result<ConsistencyCheck, RunError> {
    // Removed when this function returns, after all workers have ended.
    let folder =
        tempfile::Builder::new().prefix("invoices-").tempdir().map_err(RunError::Folder)?;
    let database = match file {
        Some(database) if run.in_place => {
            prepare_sqlite::prepare_in_place(database)?;
            database.to_owned()
        }
        source => {
            let copy = folder.path().join("invoices.sqlite");
            prepare_sqlite::prepare_copy(source, &copy)?;
            copy
        }
    };
    let locks = folder.path().join("locks").display().to_string();
    save_and_check(run, &database.display().to_string(), run.locks.as_deref().unwrap_or(&locks))
}

/// Saves the invoices, then checks the numbers, and prints the results of both.
fn save_and_check(run: &Run, database: &str, locks: &str) -> Result<ConsistencyCheck, RunError> {
    let mut output = io::stdout().lock();
    writeln!(output, "{run}\n")?;
    let summary = workers::run(run, database, (!run.no_lock).then_some(locks))?;
    let check = ConsistencyCheck::run(&mut *database::open(database)?)?;
    writeln!(output, "{summary}\n{check}")?;
    if run.no_lock && check.passed() {
        writeln!(output, "Without the lock that was luck: run it again.")?;
    }
    Ok(check)
}
