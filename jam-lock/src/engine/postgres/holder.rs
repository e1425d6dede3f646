//! Who the server says holds a lock, or held it when it died.

use std::time::{Duration, SystemTime};

use tokio_postgres::Row;

use crate::holder::Holder;

/// What a question has the fields of a holder for, from column `first` on; nobody where there is
/// none.
pub(super) fn read(row: &Row, first: usize) -> Option<Box<Holder>> {
    let text = |at: usize| row.try_get::<_, Option<String>>(first + at).ok().flatten();
    let number = |at: usize| row.try_get::<_, Option<i64>>(first + at).ok().flatten();
    let seconds = |at: usize| {
        let seconds = row.try_get::<_, Option<f64>>(first + at).ok().flatten();
        seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    };
    // Whoever is recorded has a file, which is empty for who is in no source.
    let file = Some(text(1)?).filter(|file| !file.is_empty());
    let line = number(2).filter(|_| file.is_some());
    Some(Box::new(Holder {
        function: text(0),
        file,
        line: line.and_then(|line| u32::try_from(line).ok()),
        program: text(3),
        process: number(4).and_then(|process| u32::try_from(process).ok()),
        host: text(5),
        since: seconds(6).and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since)),
        held_for: seconds(7),
        ..Holder::default()
    }))
}

/// Who has the lock, by the record or else by what its session is called.
pub(super) fn found(row: &Row) -> Option<Box<Holder>> {
    read(row, 0).or_else(|| {
        let text = |at: usize| row.try_get::<_, Option<String>>(at).ok().flatten();
        let text = |at| text(at).filter(|text| !text.is_empty());
        let (program, host) = (text(8), text(9));
        let is_known = program.is_some() || host.is_some();
        is_known.then(|| Box::new(Holder { program, host, ..Holder::default() }))
    })
}
