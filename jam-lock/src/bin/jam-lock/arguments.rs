//! The arguments of the command.

use std::ffi::OsString;
use std::time::Duration;

use clap::{Arg, Args, Parser};
use clap_complete::Shell;
use jam_lock::{LockName, Timeout};

use super::color::ColorArguments;
use super::{exit, help, period};

/// Run commands under named locks, and show the holders of the locks
#[derive(Debug, Parser)]
#[command(name = "jam-lock", version, max_term_width = 100)]
#[command(after_help = help::top())]
pub(crate) struct Arguments {
    #[arg(
        long,
        global = true,
        value_name = "FOLDER|URL",
        help = "Folder or database of the locks [env: JAM_LOCK] [default: ./locks]"
    )]
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
        /// Print every detail as JSON, for other programs
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        colors: ColorArguments,
    },

    /// Show the list live; press t for a tree, q to quit
    #[command(after_help = help::others())]
    Watch {
        /// Number of seconds between updates
        #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = interval)]
        interval: Duration,

        /// Show who blocks whom, as a tree
        #[arg(long)]
        tree: bool,

        #[command(flatten)]
        colors: ColorArguments,
    },

    /// Show the holder of a lock (exit status: 0 held, 1 free)
    #[command(after_help = help::who())]
    Who {
        /// Name of the lock
        #[arg(value_parser = name)]
        name: LockName,
    },

    /// Remove unused keyed locks
    ///
    /// These are the files that killed processes left behind, or the rows of a database.
    #[command(after_help = help::others())]
    Sweep,

    /// Print a shell completion script
    #[command(arg = without_locks())]
    Completions {
        /// Shell to print the script for
        shell: Shell,
    },

    /// Print the manual page (view it with `man -l -`)
    #[command(arg = without_locks())]
    Man,
}

/// Run a command under a lock, and exit with its status
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Args, Debug)]
#[command(after_help = help::run(), after_long_help = help::run_long())]
pub(crate) struct RunArguments {
    /// Name of the lock
    #[arg(value_parser = name)]
    name: LockName,

    /// Wait at most this many seconds for the lock, or this long: 500ms, 90s, 15min, 1h; 0 does not wait,
    /// -1 waits forever [default: -1, or 0 with --skip]
    #[arg(long, short, value_name = "SECONDS", value_parser = timeout)]
    #[arg(allow_negative_numbers = true)]
    timeout: Option<Timeout>,

    /// Let this many commands run at once; the same number everywhere
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=255))]
    #[arg(conflicts_with = "shared")]
    pub(crate) permits: Option<u32>,

    /// Run the command only if its last run that ended well began at least this long ago: 90s, 15min, 1h
    /// or 1d
    ///
    /// A run counts if the command exits with status 0. The period is checked in the same way by programs
    /// that use the same lock with a period of their own.
    #[arg(long, value_name = "PERIOD", value_parser = period::parse, conflicts_with = "shared")]
    pub(crate) at_most_every: Option<Duration>,

    /// Acquire a shared (reader's) lock, which excludes only writers
    #[arg(long, short)]
    pub(crate) shared: bool,

    /// Exit with status 0, without running the command, if the lock is not acquired in time, or if it is
    /// too soon for the next run
    #[arg(long, conflicts_with = "exit_code")]
    pub(crate) skip: bool,

    /// Exit status if the lock is not acquired in time, or if it is too soon for the next run
    #[arg(long, value_name = "STATUS", default_value_t = exit::EXIT_TIMEOUT)]
    pub(crate) exit_code: u8,

    /// Refuse a lock that was never used, such as by a misspelt name
    #[arg(long)]
    pub(crate) existing: bool,

    /// Do not show the holder during a wait; errors are shown
    #[arg(long, short)]
    pub(crate) quiet: bool,

    /// Report a skipped run
    #[arg(long, short)]
    pub(crate) verbose: bool,

    /// Hold the lock until every process that the command leaves running has exited
    ///
    /// These processes are tracked through a pipe that they inherit, so a daemon that closes all of
    /// its descriptors is not waited for.
    #[arg(long, short)]
    pub(crate) descendants: bool,

    /// Command to run, with its arguments; it is not passed to a shell
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

impl RunArguments {
    /// The name of the lock, with its permits.
    pub(crate) fn name(&self) -> LockName {
        let name = self.name.clone();
        let permits = self.permits.and_then(|permits| name.clone().with_permits(permits).ok());
        permits.unwrap_or(name)
    }

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

/// The name of one lock, not of all keys.
fn name(text: &str) -> Result<LockName, String> {
    if let Some(example) = with_example_keys(text) {
        return Err(format!(
            "this declares one lock for each key: write the name of one of them, such as `{example}`"
        ));
    }
    LockName::new(text).map_err(|error| error.to_string())
}

/// The name of one lock of a keyed name, with a number for each placeholder; `None` if there are none.
fn with_example_keys(text: &str) -> Option<String> {
    let (before, placeholder) = text.split_once('{')?;
    let (key, behind) = placeholder.split_once('}')?;
    let is_placeholder = !key.is_empty() && key.chars().all(|it| it.is_alphanumeric() || it == '_');
    let rest = with_example_keys(behind);
    match (is_placeholder, rest) {
        (true, rest) => Some(format!("{before}7{}", rest.as_deref().unwrap_or(behind))),
        (false, rest) => Some(format!("{before}{{{key}}}{}", rest?)),
    }
}

/// Seconds as in Jam.py, or a number with a unit; like `#[locked]`, the only negative number is -1.
#[expect(clippy::float_cmp, reason = "-1 is exact, and a number close to it is a mistake")]
fn timeout(text: &str) -> Result<Timeout, String> {
    let Ok(seconds) = number(text) else {
        let expected =
            "expected a number of seconds, or one with a unit, such as 500ms, 15min or 1h";
        return period::parse(text).map(Timeout::from).map_err(|_| expected.to_owned());
    };
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
