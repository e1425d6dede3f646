//! Locks of a PostgreSQL server, which is started for the measurement.

use std::env;
use std::process::Command;

use jam_lock_tests::postgres::Server;

use crate::contender::{self, Contender, ON_POSTGRES, Outcome, SAME_QUERIES, SQLX, postgres};
use crate::{handoff, server_load, uncontended};

const HANDOFFS: usize = 1_000;

const REFERENCES: [&str; 2] = [SQLX, SAME_QUERIES];

/// Prints the tables, by starting this program again with the server in its environment.
pub(crate) fn measure() -> Outcome {
    for (title, settings) in [
        ("a server that does not wait for its disk", "fsync = off"),
        ("a server that does", "fsync = on"),
    ] {
        measure_on(&["postgres of", title], settings)?;
    }
    measure_on(&["postgres with waiters"], "max_connections = 500")
}

/// Starts this program again with `arguments` and with a server that has these `settings`.
fn measure_on(arguments: &[&str], settings: &str) -> Outcome {
    let server = Server::start_on_disk(settings).ok_or("PostgreSQL is not installed")?;
    let mut again = Command::new(env::current_exe()?);
    let status = again.args(arguments).env(postgres::VARIABLE, server.url()).status()?;
    if !status.success() {
        return Err(format!("the measurement `{}` failed: {status}", arguments.join(" ")).into());
    }
    Ok(())
}

/// Prints the tables of one server.
pub(crate) fn measure_server(title: &str) -> Outcome {
    let contenders = contender::on_postgres();
    let uncontended = format!("Uncontended on PostgreSQL, {title}");
    uncontended::measure_all(&uncontended, &contenders, &REFERENCES)?;
    let handoff = format!("Hand-off on PostgreSQL to a waiter in another process, {title}");
    handoff::measure_all(&handoff, &contenders, &REFERENCES, HANDOFFS, None)
}

/// Prints what waiting costs the server.
pub(crate) fn measure_waiters() -> Outcome {
    let contenders = [Contender::named(ON_POSTGRES)?, Contender::named(SQLX)?];
    server_load::measure_all("A PostgreSQL server", &postgres::url()?, &contenders)
}
