//! What the processes that wait for one holder cost their server.

use std::collections::HashSet;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use jam_lock_tests::postgres::Admin;

use crate::child::Child;
use crate::contender::{Contender, Outcome};
use crate::statistics::count;
use crate::table;

const WAITERS: usize = 200;

/// Longer than a waiter takes to start and to join the queue on a busy machine.
const START: Duration = Duration::from_secs(120);

/// Until each process checks its wait as regularly as it will.
const SETTLE: Duration = Duration::from_secs(5);

/// Long enough for several heartbeats.
const MEASURED: Duration = Duration::from_secs(15);

/// Short, because of several queries of one session in between only the last one is seen.
const SAMPLE: Duration = Duration::from_millis(50);

/// Prints the table of these `contenders`, on the server at `url`.
pub(crate) fn measure_all(title: &str, url: &str, contenders: &[Contender]) -> Outcome {
    let admin = Admin::connect(url);
    let mut rows = Vec::new();
    for contender in contenders {
        let (connections, queries) = measure(&admin, *contender)?;
        let queries = format!("{queries:.1}");
        rows.push(vec![contender.name.to_owned(), connections.to_string(), queries]);
    }
    let title = format!("{title}, with {WAITERS} processes that wait for one holder");
    table::print(&title, &["contender", "connections", "queries a second"], &rows);
    Ok(())
}

/// The numbers of connections, and of queries a second, while all wait.
fn measure(admin: &Admin, contender: Contender) -> Outcome<(usize, f64)> {
    // Those of the previous contender end.
    wait_until(|| admin.query(SESSIONS).is_empty())?;
    let folder = tempfile::tempdir()?;
    let mut lock = contender.open(folder.path())?;
    let mut measured = Err("the lock was not acquired".into());
    // They end after the holder.
    let mut waiters = Vec::new();
    lock.run(&mut || measured = wait_and_count(admin, contender, folder.path(), &mut waiters))?;
    measured
}

const WAITING: &str = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";

/// Every session but that of the measurement, and when its last query began.
const SESSIONS: &str = "SELECT pid, query_start FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";

fn wait_and_count(
    admin: &Admin,
    contender: Contender,
    folder: &Path,
    waiters: &mut Vec<Child>,
) -> Outcome<(usize, f64)> {
    for _ in 0..WAITERS {
        let mut waiter = Child::start("wait", contender, folder, None)?;
        waiter.send("")?;
        waiters.push(waiter);
    }
    wait_until(|| admin.query(WAITING).len() >= WAITERS)?;
    thread::sleep(SETTLE);
    let earlier: HashSet<_> = admin.query(SESSIONS).into_iter().collect();
    let (connections, start, mut queries) = (earlier.len(), Instant::now(), HashSet::new());
    while start.elapsed() < MEASURED {
        thread::sleep(SAMPLE);
        queries.extend(admin.query(SESSIONS));
    }
    let queries = queries.difference(&earlier).count();
    Ok((connections, count(queries) / start.elapsed().as_secs_f64()))
}

fn wait_until(condition: impl Fn() -> bool) -> Outcome {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > START {
            return Err(format!("{WAITERS} processes did not wait or end in time").into());
        }
        thread::sleep(SAMPLE);
    }
    Ok(())
}
