//! Reads holders from the table, and records new ones.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::holder::{Confirmation, Holder};
use crate::site::Site;
use crate::this_process::ThisProcess;

/// Reads a holder from the columns from `first` on; `None` if none is recorded.
pub(super) fn read(row: &Row, first: usize) -> Option<Box<Holder>> {
    let text = |at: usize| row.try_get::<_, Option<String>>(first + at).ok().flatten();
    let number = |at: usize| row.try_get::<_, Option<i64>>(first + at).ok().flatten();
    let seconds = |at: usize| {
        let seconds = row.try_get::<_, Option<f64>>(first + at).ok().flatten();
        seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    };
    // A recorded holder always has `file`; it is empty for a holder without a source location.
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
        // It is not recorded if there is only one.
        permits: Some(number(8).and_then(|permits| u16::try_from(permits).ok()).unwrap_or(1)),
        ..Holder::default()
    }))
}

/// Reads the holder of a lock: as recorded, or else by the name and the host of its session.
pub(super) fn read_with_session(row: &Row) -> Option<Box<Holder>> {
    read(row, 0).or_else(|| {
        let text = |at: usize| row.try_get::<_, Option<String>>(at).ok().flatten();
        let text = |at| text(at).filter(|text| !text.is_empty());
        let (program, host) = (text(9), text(10));
        let is_known = program.is_some() || host.is_some();
        is_known.then(|| Box::new(Holder { program, host, ..Holder::default() }))
    })
}

/// Reads a holder that was looked up; `None` if its session is one of this process, which has not
/// reported the lock to a caller yet, or not any more.
pub(super) fn read_found(row: &Row, is_here: impl Fn(i32) -> bool) -> Option<Box<Holder>> {
    let flag = |at: usize| row.try_get::<_, bool>(at).unwrap_or_default();
    let process = row.try_get::<_, i32>(11).ok()?;
    let is_unconfirmed = flag(13);
    if is_here(process) && !is_unconfirmed {
        return None;
    }
    let transaction = u32::try_from(process).ok().filter(|_| flag(12) && !is_unconfirmed);
    let known = read_with_session(row);
    if known.is_none() && transaction.is_none() && !is_unconfirmed {
        return None;
    }
    let known = known.map(|holder| *holder).unwrap_or_default();
    let confirmation =
        if is_unconfirmed { Confirmation::AwaitsStandby } else { Confirmation::Complete };
    Some(Box::new(Holder { transaction, confirmation, ..known }))
}

/// A holder to record. Without a `file`, none is recorded; a holder without a source location has
/// an empty one.
pub(super) struct NewHolder {
    file: Option<String>,
    line: i64,
    function: Option<&'static str>,
    process: i64,
    /// `None` if there is only one.
    permits: Option<i64>,
    here: Arc<ThisProcess>,
}

impl NewHolder {
    pub(super) fn new(site: Option<&Site>, permits: u16) -> Self {
        let here = ThisProcess::get();
        Self {
            file: site.map(|site| site.file().unwrap_or_default().to_owned()),
            line: site.and_then(Site::line).map_or(0, i64::from),
            function: site.and_then(Site::function),
            process: i64::from(here.id),
            permits: (permits > 1).then(|| permits.into()),
            here,
        }
    }

    /// In the order of the parameters of the queries.
    pub(super) fn parameters(&self) -> [&(dyn ToSql + Sync); 7] {
        let Self { file, line, function, process, permits, here } = self;
        [file, line, function, &here.program, process, &here.host, permits]
    }
}
