//! What the command is told.

use std::ffi::OsString;
use std::time::Duration;

use clap::{Arg, Args, Parser, Subcommand};
use clap_complete::Shell;
use jam_lock::{LockError, LockName, Timeout};

use super::{ending, help};

/// Runs commands under named locks, and tells who holds them.
#[derive(Debug, Parser)]
#[command(name = "jam-lock", version)]
pub(crate) struct Arguments {
    /// The folder of the locks, or the URL of a PostgreSQL database [default: `JAM_LOCK`, or ./locks]
    #[arg(long, global = true, value_name = "FOLDER|URL")]
    pub(crate) locks: Option<OsString>,

    #[command(subcommand)]
    pub(crate) order: Order,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Order {
    Run(Request),

    /// List all locks: who holds them, and how many wait
    #[command(after_help = help::others(), after_long_help = help::list_in_full())]
    List {
        /// As JSON, with all that is known, for other programs
        #[arg(long)]
        json: bool,
    },

    /// Show the same list live, until `q` is pressed
    #[command(after_help = help::others())]
    Watch {
        /// How often to look, in seconds
        #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = interval)]
        interval: Duration,
    },

    /// Tell who holds a lock, also by the status
    #[command(after_help = help::who())]
    Who {
        /// What the lock is called
        #[arg(value_parser = name)]
        name: LockName,
    },

    /// Remove the files of keyed names that processes which were killed have left behind
    #[command(after_help = help::others())]
    Sweep,

    /// Print the completions of this command for a shell
    #[command(arg = unasked())]
    Completions {
        /// Which shell
        shell: Shell,
    },

    /// Print the manual page, for `man -l -`
    #[command(arg = unasked())]
    Man,
}

/// Run a command under a lock, and end as it does
#[derive(Args, Debug)]
#[command(after_help = help::run(), after_long_help = help::run_in_full())]
pub(crate) struct Request {
    /// What the lock is called
    #[arg(value_parser = name)]
    pub(crate) name: LockName,

    /// How long to wait, in seconds: -1 for ever, 0 not at all [default: -1; 0 with --skip]
    #[arg(long, short, value_name = "SECONDS", value_parser = timeout, allow_negative_numbers = true)]
    timeout: Option<Timeout>,

    /// Hold the lock together with other readers
    #[arg(long, short)]
    pub(crate) shared: bool,

    /// Do nothing, successfully, where the lock is not to be had in time
    #[arg(long, conflicts_with = "exit_code")]
    pub(crate) skip: bool,

    /// The status where the lock is not to be had in time
    #[arg(long, value_name = "STATUS", default_value_t = ending::NOT_ACQUIRED)]
    pub(crate) exit_code: u8,

    /// Hold the lock until all that the command leaves running has ended, too
    ///
    /// It is waited for by a pipe that the command inherits, so what closes all its descriptors, as
    /// some daemons do, is not waited for.
    #[arg(long, short)]
    pub(crate) descendants: bool,

    /// What to run, with its arguments; no shell is in between
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

impl Request {
    /// How long the lock may take.
    pub(crate) fn timeout(&self) -> Timeout {
        let otherwise = if self.skip { Timeout::ONCE } else { Timeout::FOREVER };
        self.timeout.unwrap_or(otherwise)
    }
}

/// `--locks`, where it is without a meaning: taken, as it is everywhere, and not shown.
fn unasked() -> Arg {
    Arg::new("locks").long("locks").hide(true).value_parser(clap::value_parser!(OsString))
}

fn name(text: &str) -> Result<LockName, LockError> {
    LockName::new(text)
}

/// Seconds as in Jam.py; like `#[locked]`, it takes no other number below 0 than -1.
#[expect(clippy::float_cmp, reason = "-1 is exact, and what is near to it is a mistake")]
fn timeout(text: &str) -> Result<Timeout, String> {
    let seconds = number(text)?;
    if seconds < 0.0 && seconds != -1.0 {
        return Err("a timeout cannot be negative: -1 waits for ever, 0 tries once".to_owned());
    }
    // What is beyond the end of the clock is for ever, too.
    let limit = Duration::try_from_secs_f64(seconds);
    Ok(limit.map_or(Timeout::FOREVER, Timeout::from))
}

fn interval(text: &str) -> Result<Duration, String> {
    let seconds = number(text)?;
    if seconds < 0.1 {
        return Err("at least 0.1 seconds".to_owned());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| "longer than a clock can tell".to_owned())
}

fn number(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| !number.is_nan());
    number.ok_or_else(|| "a number of seconds, such as 10 or 0.5".to_owned())
}
