//! The command line.

use std::fmt;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::database::is_url;

/// Saves invoices from several processes at once, and checks that no sale was lost.
///
/// The exit status is 0 if every track was counted correctly, 1 if not, and 2 if the run failed.
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

    /// How many invoices they save in total.
    #[arg(long, value_name = "COUNT", default_value_t = 400)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) invoices: u32,

    /// Think time of the handler between reading and writing, in milliseconds.
    #[arg(long = "think", value_name = "MILLISECONDS", default_value_t = 0)]
    pub(crate) think_time: u64,

    /// Save without the lock, to see what can go wrong.
    #[arg(long)]
    pub(crate) no_lock: bool,

    /// Use a copy of this Jam.py demo database, or generated demo data in the PostgreSQL database at
    /// this URL, which then also has the lock [default: generated demo data in a temporary file].
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) database: Option<String>,

    /// Use the database file itself instead of a copy, such as that of a running application, and
    /// create it if it does not exist.
    #[arg(long, requires_all = ["database", "locks"])]
    pub(crate) in_place: bool,

    /// The folder of the locks [default: a temporary folder].
    #[arg(long, value_name = "FOLDER", conflicts_with = "no_lock")]
    pub(crate) locks: Option<String>,
}

/// What this program runs as when it starts itself.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// One of the processes that save invoices.
    #[command(hide = true)]
    Worker(Task),
}

/// What one worker does.
#[derive(Debug, Args)]
pub(crate) struct Task {
    /// The number of the worker, counted from 1; also its random seed.
    #[arg(long)]
    pub(crate) number: u32,

    /// How many invoices it saves.
    #[arg(long)]
    pub(crate) invoices: u32,

    /// Think time of the handler, in milliseconds.
    #[arg(long = "think")]
    pub(crate) think_time: u64,

    /// The database that all workers share.
    #[arg(long)]
    pub(crate) database: String,

    /// The folder or server of the locks; without it, invoices are saved without the lock.
    #[arg(long)]
    pub(crate) locks: Option<String>,
}

impl Arguments {
    /// Parses the command line; prints what is wrong with it and exits if it is invalid.
    pub(crate) fn from_command_line() -> Self {
        let arguments = Self::parse();
        let Run { database, locks, .. } = &arguments.run;
        if locks.is_some() && database.as_deref().is_some_and(is_url) {
            let text = "--locks is for a database that is a file: PostgreSQL has the lock itself";
            Self::command().error(ErrorKind::ArgumentConflict, text).exit();
        }
        arguments
    }
}

/// One sentence, to print before the run.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workers, invoices, .. } = self;
        let invoice = if *invoices == 1 { "invoice" } else { "invoices" };
        let process = if *workers == 1 { "process" } else { "processes" };
        write!(f, "Saving {invoices} {invoice} from {workers} {process} into ")?;
        match &self.database {
            // Not the URL, which may contain a password.
            Some(url) if is_url(url) => f.write_str("generated demo data in PostgreSQL")?,
            Some(file) if self.in_place => f.write_str(file)?,
            Some(source) => write!(f, "a copy of {source}")?,
            None => f.write_str("generated demo data")?,
        }
        f.write_str(if self.no_lock { ", without the lock." } else { "." })
    }
}
