//! A Jam.py handler, moved to Rust. It replaces handler.py beside this file.
//!
//! ```text
//! cargo run --example from_jam -- APPLICATION TRACK TIMES
//! ```
//!
//! Both can run at the same time, on the same database: they use the same lock, which is a file in the
//! folder `locks` of the application. An attribute replaces `with item.task.lock(…)`, the compiler checks
//! the name, and a timeout is an error that is returned.
//!
//! | Jam.py | here |
//! |---|---|
//! | `with item.task.lock('invoice_saved', timeout=10):` | `#[locked("invoice_saved", timeout = 10)]` |
//! | around a few lines | `locked!("invoice_saved", timeout = 10, { … })` |
//! | `timeout=-1`, which waits forever | the same, which is also the default |
//! | `except Timeout` | `Err(error) if error.is_timeout()` |
//! | the folder `locks` of the application | the same, in the current directory or as `JAM_LOCK` |

use std::path::PathBuf;
use std::time::Duration;
use std::{env, error, process};

use jam_lock::{LockError, Locks, locked, set_default_locks};
use rusqlite::{Connection, OptionalExtension};

jam_lock::lock_names! {
    /// Held while an invoice is saved, by Jam.py as well.
    "invoice_saved",
}

/// One line of an invoice: how much of a track is sold.
struct Line {
    track: i64,
    quantity: i64,
}

#[derive(Debug, thiserror::Error)]
enum SaveError {
    #[error("the invoice was not saved: {0}")]
    Lock(#[from] LockError),
    #[error("the invoice was not saved, SQLite says: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

#[locked("invoice_saved", timeout = 10)]
fn on_apply(delta: &[Line], connection: &mut Connection) -> Result<(), SaveError> {
    let writes = connection.transaction()?;
    for Line { track, quantity } in delta {
        let sold = "SELECT TRACKS_SOLD FROM DEMO_TRACKS WHERE ID = ?1";
        let sold = writes.query_row(sold, [track], |row| row.get::<_, Option<i64>>(0))?;
        let sold = sold.unwrap_or_default() + quantity;
        let write = "UPDATE DEMO_TRACKS SET TRACKS_SOLD = ?1 WHERE ID = ?2";
        writes.execute(write, [sold, *track])?;
    }
    Ok(writes.commit()?)
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
    println!("track {track} is sold {} times", sold.unwrap_or_default());
    Ok(())
}
