//! Locks of a PostgreSQL server, which is started for the measurement.

use std::env;
use std::process::Command;

use jam_lock_tests::postgres::Server;

use crate::contender::{self, Outcome, postgres};
use crate::{handoff, uncontended};

const HANDOFFS: usize = 1_000;

/// Prints the tables, by starting this program again with the server in its environment.
pub(crate) fn measure() -> Outcome {
    for (title, settings) in [
        ("a server that does not wait for its disk", "fsync = off"),
        ("a server that does", "fsync = on"),
    ] {
        let server = Server::start_with(settings).ok_or("PostgreSQL is not installed")?;
        server.query(postgres::TABLE);
        let mut again = Command::new(env::current_exe()?);
        again.args(["postgres of", title]).env(postgres::VARIABLE, server.url());
        let status = again.status()?;
        if !status.success() {
            return Err(format!("the measurement of {title} failed: {status}").into());
        }
    }
    Ok(())
}

/// Prints the tables of one server.
pub(crate) fn measure_server(title: &str) -> Outcome {
    let contenders = contender::on_postgres();
    let uncontended = format!("Uncontended on PostgreSQL, {title}");
    uncontended::measure_all(&uncontended, &contenders, contender::POSTGRES_REFERENCE)?;
    let handoff = format!("Hand-off on PostgreSQL to a waiter in another process, {title}");
    let contenders = &contenders[..];
    handoff::measure_all(&handoff, contenders, contender::POSTGRES_REFERENCE, HANDOFFS, None)
}
