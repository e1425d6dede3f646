//! The arguments of the command.

use std::ffi::OsString;
use std::time::Duration;

use clap::{Arg, Args, Parser};
use clap_complete::Shell;
use jam_lock::{LockError, LockName, Timeout};

use super::{exit, help};

/// Runs commands under named locks, and shows their holders.
#[derive(Debug, Parser)]
#[command(name = "jam-lock", version)]
pub(crate) struct Arguments {
    /// The lock folder, or the URL of a PostgreSQL database [default: `JAM_LOCK`, or ./locks]
    #[arg(long, global = true, value_name = "FOLDER|URL")]
    pub(crate) locks: Option<OsString>,

    #[command(subcommand)]
    pub(crate) subcommand: Subcommand,
}

/// What to do.
#[derive(clap::Subcommand, Debug)]
pub(crate) enum Subcommand {
    Run(RunArguments),

    /// List all locks with their holders and the number of waiters
    #[command(after_help = help::others(), after_long_help = help::list_long())]
    List {
        /// Print JSON with every detail, for other programs
        #[arg(long)]
        json: bool,
    },

    /// Show the list live; press `q` to quit
    #[command(after_help = help::others())]
    Watch {
        /// Seconds between updates
        #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = interval)]
        interval: Duration,
    },

    /// Show the holder of a lock (exit status: 0 held, 1 free)
    #[command(after_help = help::who())]
    Who {
        /// The name of the lock
        #[arg(value_parser = name)]
        name: LockName,
    },

    /// Remove keyed lock files left behind by killed processes
    #[command(after_help = help::others())]
    Sweep,

    /// Print a completion script for a shell
    #[command(arg = without_locks())]
    Completions {
        /// The shell
        shell: Shell,
    },

    /// Print the manual page (view it with `man -l -`)
    #[command(arg = without_locks())]
    Man,
}

/// Run a command under a lock, and exit with its status
#[derive(Args, Debug)]
#[command(after_help = help::run(), after_long_help = help::run_long())]
pub(crate) struct RunArguments {
    /// The name of the lock
    #[arg(value_parser = name)]
    pub(crate) name: LockName,

    /// Seconds to wait for the lock: -1 forever, 0 not at all [default: -1; 0 with --skip]
    #[arg(long, short, value_name = "SECONDS", value_parser = timeout, allow_negative_numbers = true)]
    timeout: Option<Timeout>,

    /// Take a shared (reader's) lock
    #[arg(long, short)]
    pub(crate) shared: bool,

    /// Exit 0 without running the command if the lock is not acquired in time
    #[arg(long, conflicts_with = "exit_code")]
    pub(crate) skip: bool,

    /// The exit status if the lock is not acquired in time
    #[arg(long, value_name = "STATUS", default_value_t = exit::EXIT_TIMEOUT)]
    pub(crate) exit_code: u8,

    /// Hold the lock until every process that the command leaves running has ended
    ///
    /// They are tracked by a pipe that they inherit. A daemon that closes all its descriptors is not
    /// waited for.
    #[arg(long, short)]
    pub(crate) descendants: bool,

    /// The command to run, with its arguments (not through a shell)
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

impl RunArguments {
    /// How long to wait for the lock.
    pub(crate) fn timeout(&self) -> Timeout {
        let otherwise = if self.skip { Timeout::ONCE } else { Timeout::FOREVER };
        self.timeout.unwrap_or(otherwise)
    }
}

/// `--locks` for a subcommand that does not use it: accepted, but not shown.
fn without_locks() -> Arg {
    Arg::new("locks").long("locks").hide(true).value_parser(clap::value_parser!(OsString))
}

fn name(text: &str) -> Result<LockName, LockError> {
    LockName::new(text)
}

/// Seconds as in Jam.py; like `#[locked]`, the only negative number is -1.
#[expect(clippy::float_cmp, reason = "-1 is exact, and a number close to it is a mistake")]
fn timeout(text: &str) -> Result<Timeout, String> {
    let seconds = number(text)?;
    if seconds < 0.0 && seconds != -1.0 {
        return Err(
            "a timeout cannot be negative: use -1 to wait forever, 0 to try once".to_owned()
        );
    }
    // Too long for the clock is as good as forever.
    let limit = Duration::try_from_secs_f64(seconds);
    Ok(limit.map_or(Timeout::FOREVER, Timeout::from))
}

fn interval(text: &str) -> Result<Duration, String> {
    let seconds = number(text)?;
    if seconds < 0.1 {
        return Err("the shortest interval is 0.1 seconds".to_owned());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| "the interval is too long".to_owned())
}

fn number(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| !number.is_nan());
    number.ok_or_else(|| "expected a number of seconds, such as 10 or 0.5".to_owned())
}
