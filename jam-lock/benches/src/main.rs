//! What jam-lock costs, compared with plain system calls and with alternatives. Run
//! `cargo run --release -p jam-lock-benches` on Linux, which takes about ten minutes, or with the
//! name of one table after `--`; with `write`, the tables are written into the READMEs.
//!
//! Each table measures its rows side by side, in turns within one run, because times from two runs on a
//! busy machine cannot be compared. Look at the ratios.

mod attribute;
mod child;
mod compile;
mod contender;
mod handoff;
mod keys;
mod postgres;
mod processes;
mod refused;
mod report;
mod server_load;
mod statistics;
mod table;
mod tasks;
mod threads;
mod uncontended;
mod uses;
mod waiting;

use std::env;
use std::time::{Duration, Instant};

use contender::{Contender, Outcome};

jam_lock::lock_names! {
    /// The lock that is measured.
    "measured",
    /// One for each customer.
    "customer_{id}",
}

type Measure = fn() -> Outcome;

/// The tables, in the order in which they are printed.
const TABLES: [(&str, Measure); 12] = [
    ("uncontended", uncontended::measure),
    ("uses", uses::measure),
    ("refused", refused::measure),
    ("handoff", handoff::measure),
    ("processes", processes::measure),
    ("threads", threads::measure),
    ("waiting", waiting::measure),
    ("tasks", tasks::measure),
    ("keys", keys::measure),
    ("postgres", postgres::measure),
    ("compile", compile::measure),
    ("attribute", attribute::measure),
];

fn main() -> Outcome {
    let outcome = run();
    contender::clean_up();
    outcome
}

fn run() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => TABLES.iter().try_for_each(|(_, measure)| measure()),
        ["write"] => report::write(),
        // The roles in which this program starts itself.
        ["handoff", title, handoffs, processor] => {
            handoff::measure_placed(title, handoffs.parse()?, Some(processor))
        }
        ["wait", contender, folder] => handoff::wait(Contender::named(contender)?, folder.as_ref()),
        ["wait cost", contender, folder] => {
            waiting::wait(Contender::named(contender)?, folder.as_ref())
        }
        ["hold", folder] => refused::hold(folder.as_ref()),
        ["sections", contender, folder] => {
            processes::take_turns(Contender::named(contender)?, folder.as_ref())
        }
        ["postgres of", title] => postgres::measure_server(title),
        ["postgres with waiters"] => postgres::measure_waiters(),
        ["tasks", method] => tasks::measure_method(method),
        [table] => match TABLES.iter().find(|(name, _)| *name == table) {
            Some((_, measure)) => measure(),
            None => Err(usage().into()),
        },
        _ => Err(usage().into()),
    }
}

fn usage() -> String {
    let tables = TABLES.map(|(name, _)| name).join(" | ");
    format!("usage: jam-lock-benches [write | {tables}]")
}

/// Keeps the processor busy, as the work of a section does.
fn spin(time: Duration) {
    if time.is_zero() {
        return;
    }
    let start = Instant::now();
    while start.elapsed() < time {}
}
