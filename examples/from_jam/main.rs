//! A Jam.py handler, ported to Rust from handler.py, which is beside this file.
//!
//! ```text
//! cargo run --example from_jam -- APPLICATION TRACK TIMES
//! ```
//!
//! Both can run at the same time on the same database, because they take the same lock: a file in the
//! folder `locks` of the application. An attribute replaces `with item.task.lock(…)`, the compiler
//! checks the name, and a timeout is returned as an error.
//!
//! | Jam.py | Rust |
//! |---|---|
//! | `with item.task.lock('invoice_saved', timeout=10):` | `#[locked("invoice_saved", timeout = 10)]` |
//! | the same, around a few lines | `locked!("invoice_saved", timeout = 10, { … })` |
//! | `timeout=-1`, which waits forever | `timeout = -1`, which is also the default |
//! | `except Timeout` | `Err(error) if error.is_timeout()` |
//! | the folder `locks` of the application | `locks` in the working directory, or the folder in `JAM_LOCK` |

use std::path::PathBuf;
use std::time::Duration;
use std::{env, error, process};

use jam_lock::{LockError, Locks, locked, set_default_locks};
use rusqlite::{Connection, OptionalExtension};

jam_lock::lock_names! {
    /// Held while an invoice is being saved, also by Jam.py.
    "invoice_saved",
}

/// One line of an invoice: how many of a track are sold.
struct Line {
    track: i64,
    quantity: i64,
}

#[derive(Debug, thiserror::Error)]
enum SaveError {
    #[error("the invoice was not saved: {0}")]
    Lock(#[from] LockError),
    #[error("the invoice was not saved: SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

#[locked("invoice_saved", timeout = 10)]
fn on_apply(delta: &[Line], connection: &mut Connection) -> Result<(), SaveError> {
    let transaction = connection.transaction()?;
    for Line { track, quantity } in delta {
        let sold = "SELECT TRACKS_SOLD FROM DEMO_TRACKS WHERE ID = ?1";
        let sold = transaction.query_row(sold, [track], |row| row.get::<_, Option<i64>>(0))?;
        let sold = sold.unwrap_or_default() + quantity;
        let update = "UPDATE DEMO_TRACKS SET TRACKS_SOLD = ?1 WHERE ID = ?2";
        transaction.execute(update, [sold, *track])?;
    }
    Ok(transaction.commit()?)
}

fn main() -> Result<(), Box<dyn error::Error>> {
    let [application, track, times] = &env::args().skip(1).collect::<Vec<_>>()[..] else {
        eprintln!("usage: from_jam APPLICATION TRACK TIMES");
        process::exit(2);
    };
    let (application, track) = (PathBuf::from(application), track.parse()?);
    set_default_locks(Locks::open(application.join("locks"))?)?;
    let mut connection = Connection::open(application.join("demo.sqlite"))?;
    connection.busy_timeout(Duration::from_secs(10))?;
    for _ in 0..times.parse()? {
        on_apply(&[Line { track, quantity: 1 }], &mut connection)?;
    }
    let sold = "SELECT TRACKS_SOLD FROM DEMO_TRACKS WHERE ID = ?1";
    let sold: Option<i64> = connection.query_row(sold, [track], |row| row.get(0)).optional()?;
    println!("track {track} was sold {} times", sold.unwrap_or_default());
    Ok(())
}
