//! The command `jam-lock`: runs commands under named locks, and tells who holds them.

mod arguments;
mod completions;
mod ending;
mod help;
mod json;
mod list;
mod manual;
mod output;
mod place;
mod process;
mod run;
#[cfg(unix)]
mod stop;
mod sweep;
mod table;
mod watch;
mod who;

use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Order};
use self::ending::{Ending, Trouble};

fn main() -> ExitCode {
    let Arguments { locks, order } = Arguments::parse();
    let place = locks.unwrap_or_else(jam_lock::default_location);
    // Everything is dropped by the time that the process ends as its command did.
    let ending = match order {
        Order::Run(request) => run::run(&place, &request),
        Order::List { json } => told(list::list(&place, json)),
        Order::Watch { interval } => watch::watch(&place, interval).unwrap_or_else(Trouble::told),
        Order::Who { name } => who::who(&place, &name).unwrap_or_else(Trouble::told),
        Order::Sweep => told(sweep::sweep(&place)),
        Order::Completions { shell } => told(completions::completions(shell)),
        Order::Man => told(manual::manual()),
    };
    ending.end()
}

fn told(result: Result<(), Trouble>) -> Ending {
    result.map_or_else(Trouble::told, |()| Ending::Status(0))
}
