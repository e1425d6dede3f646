//! The command `jam-lock`: runs commands under named locks, and shows their holders.

mod arguments;
mod completions;
mod error;
mod exit;
mod help;
mod json;
mod list;
mod location;
mod manual;
mod output;
mod process;
mod run;
#[cfg(unix)]
mod suspend;
mod sweep;
mod text;
mod watch;
mod who;

use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Subcommand};
use self::error::Error;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(exit) = run::listener::listen_if_started_as_listener() {
        return exit;
    }
    let Arguments { locks, subcommand } = Arguments::parse();
    let location = locks.unwrap_or_else(jam_lock::default_location);
    // Everything must be dropped before the process ends, which may be by a signal.
    let exit = match subcommand {
        Subcommand::Run(arguments) => Ok(run::run(&location, &arguments)),
        Subcommand::List { json } => list::list(&location, json),
        Subcommand::Watch { interval } => watch::watch(&location, interval),
        Subcommand::Who { name } => who::who(&location, &name),
        Subcommand::Sweep => sweep::sweep(&location),
        Subcommand::Completions { shell } => completions::completions(shell),
        Subcommand::Man => manual::manual(),
    };
    exit.unwrap_or_else(Error::report).exit()
}
