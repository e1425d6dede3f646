//! What jam-lock costs, beside what it is made of and beside its peers:
//! `cargo run --release -p jam-lock-benches`, on Linux.
//!
//! Every table measures its rows side by side, taking turns in one run, because times of two runs
//! on a busy machine say nothing about each other. Look at the ratios.

mod contender;
mod handoff;
mod process;
mod statistics;
mod table;
mod uncontended;
mod waiting;

use std::env;

use contender::{Contender, Outcome};

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            uncontended::measure()?;
            handoff::measure()?;
            waiting::measure()
        }
        ["uncontended"] => uncontended::measure(),
        ["handoff"] => handoff::measure(),
        ["waiting"] => waiting::measure(),
        // What this program starts itself as.
        ["handoff", title, processor] => handoff::measure_placed(title, Some(processor)),
        ["wait", contender, folder] => handoff::wait(Contender::named(contender)?, folder.as_ref()),
        ["burn", contender, folder] => waiting::burn(Contender::named(contender)?, folder.as_ref()),
        _ => Err("usage: jam-lock-benches [uncontended | handoff | waiting]".into()),
    }
}
