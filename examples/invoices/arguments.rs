//! What the command line says.

use std::fmt;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::database::is_url;

/// Saves invoices from several processes at once, and checks that no sold track was lost.
///
/// The exit status is 0 if every track was counted right, 1 if not, and 2 if there was trouble.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
}

/// What a person asks for.
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

    /// How many milliseconds the handler thinks between reading and writing.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    pub(crate) think: u64,

    /// Save without the lock, to see what it is for.
    #[arg(long)]
    pub(crate) no_lock: bool,

    /// Work on a copy of this Jam.py demo database instead of a catalogue of our own, or on one of
    /// our own in the database of PostgreSQL that a URL names, which then has the lock too.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) database: Option<String>,

    /// Work on the database itself, beside the application that uses it, and make it where there is
    /// none.
    #[arg(long, requires_all = ["database", "locks"])]
    pub(crate) in_place: bool,

    /// Where the locks are [default: a temporary folder].
    #[arg(long, value_name = "FOLDER", conflicts_with = "no_lock")]
    pub(crate) locks: Option<String>,
}

/// What this program starts itself as.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// One of the processes that save invoices.
    #[command(hide = true)]
    Worker(Task),
}

/// What one worker has to do.
#[derive(Debug, Args)]
pub(crate) struct Task {
    /// Which worker this is, counted from 1; also the seed of its randomness.
    #[arg(long)]
    pub(crate) number: u32,

    /// How many invoices to save.
    #[arg(long)]
    pub(crate) invoices: u32,

    /// How many milliseconds the handler thinks.
    #[arg(long)]
    pub(crate) think: u64,

    /// The database that all workers share.
    #[arg(long)]
    pub(crate) database: String,

    /// The folder or the server of the locks; without it, invoices are saved without the lock.
    #[arg(long)]
    pub(crate) locks: Option<String>,
}

impl Arguments {
    /// Understands the command line, or says what is wrong with it and exits.
    pub(crate) fn understand() -> Self {
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
            // A URL may have a password in it.
            Some(url) if is_url(url) => f.write_str("a catalogue of our own in PostgreSQL")?,
            Some(file) if self.in_place => f.write_str(file)?,
            Some(source) => write!(f, "a copy of {source}")?,
            None => f.write_str("a catalogue of our own")?,
        }
        f.write_str(if self.no_lock { ", without the lock." } else { "." })
    }
}
