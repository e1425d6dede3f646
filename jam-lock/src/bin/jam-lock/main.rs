//! The command `jam-lock`: runs commands under named locks, and shows their holders.

mod arguments;
mod color;
mod completions;
mod error;
mod exit;
mod help;
mod json;
mod list;
mod location;
mod manual;
mod output;
mod period;
mod process;
mod run;
mod suggestion;
#[cfg(unix)]
mod suspend;
mod sweep;
mod table;
mod text;
mod tips;
mod watch;
mod who;

use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Subcommand};
use self::error::Error;
use self::location::Location;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(exit) = run::listener::listen_if_started_as_listener() {
        return exit;
    }
    let Arguments { locks, subcommand } =
        Arguments::try_parse().unwrap_or_else(|error| tips::with_tip(error).exit());
    let location = Location::new(locks);
    // Everything must be dropped before the process ends, which may be by a signal.
    let exit = match subcommand {
        Subcommand::Run(arguments) => Ok(run::run(&location, &arguments)),
        Subcommand::List { json, colors } => list::list(&location, json, colors),
        Subcommand::Watch { interval, tree, colors } => {
            watch::watch(&location, interval, tree, colors)
        }
        Subcommand::Who { name } => who::who(&location, &name),
        Subcommand::Sweep => sweep::sweep(&location),
        Subcommand::Completions { shell } => completions::completions(shell),
        Subcommand::Man => manual::manual(),
    };
    exit.unwrap_or_else(Error::report).exit()
}
