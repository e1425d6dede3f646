//! The status of the locks of a namespace.

use std::time::SystemTime;

use tokio_postgres::Row;

use super::driver::Driver;
use super::error::server_error;
use super::holder;
use super::key;
use super::last_run;
use super::queries::Query;
use crate::error::LockError;
use crate::holder::Holder;
use crate::name::LockName;
use crate::status::{State, Status};

/// The operation, for messages.
pub(super) const OPERATION: &str = "list the locks";

/// The number of columns of a holder; those of its session follow.
const HOLDER: usize = 9;

/// The number of columns before the name.
const BEFORE_NAME: usize = HOLDER + 2 + HOLDER;

/// The status of the lock `name`, which is free if it has no row.
pub(super) async fn status(driver: &Driver, name: &LockName) -> Result<Status, LockError> {
    let found = list(driver, Some(name)).await?.pop();
    Ok(found.unwrap_or_else(|| Status::new(name.as_str(), State::Free)))
}

/// The status of all locks of the namespace, or of one of them.
///
/// The server reads the rows before its lock table, and a release unlocks before its commit, so a holder
/// that releases its lock meanwhile looks like one that died. A death counts only if two queries show
/// it, the second after that commit.
pub(super) async fn list(
    driver: &Driver,
    name: Option<&LockName>,
) -> Result<Vec<Status>, LockError> {
    let found = query(driver, name).await?;
    let abandoned = found.iter().filter(|status| status.abandoned().is_some());
    let abandoned: Vec<_> = abandoned.map(Status::name).collect();
    if abandoned.is_empty() {
        return Ok(found);
    }
    let session = driver.control_session().await?;
    // It fails after its limit, for example if a transaction has the lock.
    let _ = session.run(Query::AwaitChanges, &[&driver.server.url().namespace, &abandoned]).await;
    let again = query(driver, name).await?;
    let is_confirmed = |status: &Status| {
        let before = found.iter().find(|before| before.name() == status.name());
        before.and_then(Status::abandoned).map(identity) == status.abandoned().map(identity)
    };
    let confirmed = |status: Status| {
        if is_confirmed(&status) { status } else { status.abandoned_by(None) }
    };
    Ok(again.into_iter().map(confirmed).collect())
}

/// Distinguishes a holder from other holders of the same lock.
fn identity(holder: &Holder) -> (Option<u32>, Option<SystemTime>) {
    (holder.process(), holder.since())
}

async fn query(driver: &Driver, name: Option<&LockName>) -> Result<Vec<Status>, LockError> {
    let url = driver.server.url();
    let session = driver.control_session().await?;
    let namespace = &url.namespace;
    let rows = match name {
        None => session.run(Query::List, &[namespace]).await,
        Some(name) => {
            let key = key::key(namespace, name);
            session.run(Query::Status, &[namespace, &key, &name.as_str()]).await
        }
    };
    let rows = rows.map_err(|error| server_error(OPERATION, url.redacted(), &error))?;
    Ok(rows.iter().filter_map(read).collect())
}

fn read(row: &Row) -> Option<Status> {
    let number = |at: usize| row.try_get::<_, i64>(BEFORE_NAME + at).ok();
    let count = |at| number(at).and_then(|count| usize::try_from(count).ok());
    let state = match (count(2)?, count(3)?) {
        (0, 0) => State::Free,
        (0, readers) => State::Readers(Some(readers)),
        _ => State::Writer,
    };
    let holder = if state.is_held() { holder::read_with_session(row) } else { None };
    let status = Status::new(row.try_get::<_, String>(BEFORE_NAME).ok()?, state)
        .held_by(holder)
        .waited_for_by(count(4))
        .with_token(number(1).and_then(|token| u64::try_from(token).ok()))
        .abandoned_by(holder::read(row, HOLDER + 2))
        .with_last_run(last_run::read(row, BEFORE_NAME + 5));
    Some(status)
}
