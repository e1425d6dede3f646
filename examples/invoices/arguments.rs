//! The command line.

use std::fmt;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::database::is_url;

/// Saves invoices from several processes at once, and checks that no sold track was lost.
///
/// The exit status is 0 if every track was counted correctly, 1 if not, and 2 after an error.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
}

/// The options of a run.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// How many processes save invoices.
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) workers: u32,

    /// How many invoices they save together.
    #[arg(long, value_name = "COUNT", default_value_t = 400)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) invoices: u32,

    /// How many milliseconds the handler pauses between reading and writing.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    pub(crate) think: u64,

    /// Save without the lock, to see what goes wrong.
    #[arg(long)]
    pub(crate) no_lock: bool,

    /// Use a copy of this Jam.py demo database instead of a generated catalogue, or, with the URL of a
    /// PostgreSQL database, a generated catalogue and the lock there.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) database: Option<String>,

    /// Use the database itself, even while an application uses it, and create it if it is missing.
    #[arg(long, requires_all = ["database", "locks"])]
    pub(crate) in_place: bool,

    /// The lock folder [default: a temporary folder].
    #[arg(long, value_name = "FOLDER", conflicts_with = "no_lock")]
    pub(crate) locks: Option<String>,
}

/// The role in which this program starts itself.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// One of the processes that save invoices.
    #[command(hide = true)]
    Worker(Task),
}

/// The task of one worker.
#[derive(Debug, Args)]
pub(crate) struct Task {
    /// The number of the worker, from 1, which is also the seed of its random numbers.
    #[arg(long)]
    pub(crate) number: u32,

    /// How many invoices to save.
    #[arg(long)]
    pub(crate) invoices: u32,

    /// How many milliseconds the handler pauses.
    #[arg(long)]
    pub(crate) think: u64,

    /// The database that all workers share.
    #[arg(long)]
    pub(crate) database: String,

    /// The location of the locks; without it, invoices are saved without the lock.
    #[arg(long)]
    pub(crate) locks: Option<String>,
}

impl Arguments {
    /// Parses the command line, or prints what is wrong and exits.
    pub(crate) fn parse_or_exit() -> Self {
        let arguments = Self::parse();
        let Run { database, locks, .. } = &arguments.run;
        if locks.is_some() && database.as_deref().is_some_and(is_url) {
            let text = "--locks cannot be used with PostgreSQL, which has the lock itself";
            Self::command().error(ErrorKind::ArgumentConflict, text).exit();
        }
        arguments
    }
}

/// A sentence that is printed before the run.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workers, invoices, .. } = self;
        let invoice = if *invoices == 1 { "invoice" } else { "invoices" };
        let process = if *workers == 1 { "process" } else { "processes" };
        write!(f, "Saving {invoices} {invoice} from {workers} {process} into ")?;
        match &self.database {
            // A URL may have a password in it.
            Some(url) if is_url(url) => f.write_str("a generated catalogue in PostgreSQL")?,
            Some(file) if self.in_place => f.write_str(file)?,
            Some(source) => write!(f, "a copy of {source}")?,
            None => f.write_str("a generated catalogue")?,
        }
        f.write_str(if self.no_lock { ", without the lock." } else { "." })
    }
}
