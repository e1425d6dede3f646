//! The last run of a job: how it is read, and recorded.

use std::future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::boot_time;
use super::driver::Driver;
use super::holder::{self, NewHolder};
use super::queries::Query;
use super::session::{Session, within_response_timeout};
use crate::holder::Holder;
use crate::last_run::LastRun;
use crate::site::Site;

/// The number of columns of a holder.
const HOLDER: usize = 8;

/// Reads a run from the columns from `first` on; `None` if none is recorded.
pub(super) fn read(row: &Row, first: usize) -> Option<LastRun> {
    let seconds = |at: usize| row.try_get::<_, Option<f64>>(first + at).ok().flatten();
    let holder = holder::read(row, first)?;
    let period = seconds(HOLDER)?;
    let now = Duration::try_from_secs_f64(seconds(HOLDER + 1)?).ok()?;
    let age = holder.held_for().unwrap_or_default();
    let began = SystemTime::UNIX_EPOCH.checked_add(now.saturating_sub(age))?;
    // A period that is too long for a `Duration` is one that never ends.
    let period = Duration::try_from_secs_f64(period).unwrap_or(Duration::MAX);
    Some(LastRun::new(began, age, period, holder))
}

/// Reads the last run of the lock `name`, which this session has.
pub(super) async fn find(
    session: &Session,
    key: i64,
    namespace: &str,
    name: &str,
) -> Result<FoundRun, Error> {
    let parameters: [&(dyn ToSql + Sync); 3] = [&key, &namespace, &name];
    let rows = session.run(Query::ReadRun, &parameters).await?;
    let run = rows.first().and_then(|row| read(row, 0));
    Ok(run.map_or(FoundRun::Unreadable, FoundRun::new))
}

/// The last run of a lock that is held.
#[derive(Clone, Debug)]
pub(super) enum FoundRun {
    None,
    /// With the time at which it was read, on the clock of this machine that is never set.
    Run(Box<LastRun>, Duration),
    /// There is one, but not as this library has recorded it.
    Unreadable,
}

impl FoundRun {
    /// A run that was read just now.
    fn new(run: LastRun) -> Self {
        Self::Run(Box::new(run), boot_time::now())
    }

    /// The run as it would be read now; an error, as text, if it cannot be read.
    pub(super) fn now(&self) -> Result<Option<LastRun>, &'static str> {
        let (run, read_at) = match self {
            Self::None => return Ok(None),
            Self::Unreadable => {
                return Err(
                    "the column last_run of its row of the table jam_lock cannot be read: set \
                            it to NULL",
                );
            }
            Self::Run(run, read_at) => (run, read_at),
        };
        let age = run.age() + boot_time::now().saturating_sub(*read_at);
        Ok(Some(LastRun::new(run.began(), age, run.period(), Box::new(run.holder().clone()))))
    }
}

/// A run that has ended well.
pub(super) struct EndedRun {
    pub(super) key: i64,
    pub(super) token: i64,
    pub(super) site: Site,
    /// When it began, on the clock of this machine that is never set.
    pub(super) began: Duration,
    pub(super) period: Duration,
}

impl EndedRun {
    /// The run as another process would find it.
    pub(super) fn to_found(&self) -> FoundRun {
        let age = boot_time::now().saturating_sub(self.began);
        let began = SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
        FoundRun::new(LastRun::new(began, age, self.period, Box::new(Holder::here(&self.site))))
    }

    /// Records the run on the session that has the lock, before the release that follows. Without that
    /// record, the session ends, so that the release is not confirmed either.
    pub(super) fn record(self, driver: &Arc<Driver>, session: Arc<Session>) {
        let pending = session.start_release();
        driver.handle.spawn(async move {
            let _pending = pending;
            if !self.try_record(&session).await {
                session.close("the server did not record the run of a job".to_owned());
            }
        });
    }

    async fn try_record(&self, session: &Arc<Session>) -> bool {
        let ago = boot_time::now().saturating_sub(self.began).as_secs_f64();
        let period = self.period.as_secs_f64();
        // Only a name with one permit has runs.
        let holder = NewHolder::new(Some(&self.site), 1);
        let [file, line, function, program, process, host, _] = holder.parameters();
        let parameters: [&(dyn ToSql + Sync); 10] =
            [&self.key, &self.token, &ago, &period, file, line, function, program, process, host];
        let record = session.run(Query::RecordRun, &parameters);
        let mut record = pin!(within_response_timeout(record));
        let sequence = session.sequence_for_release().await;
        let _unanswered = session.unanswered_release().await;
        // It is sent by the first poll, so that the release comes after it.
        let sent = future::poll_fn(|context| Poll::Ready(record.as_mut().poll(context))).await;
        drop(sequence);
        let rows = match sent {
            Poll::Ready(rows) => rows,
            Poll::Pending => record.await,
        };
        // Without a row, another holder has replaced the token.
        rows.is_some_and(|rows| !rows.is_empty())
    }
}
