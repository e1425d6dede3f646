//! How the locks of a namespace stand, as the server tells it.

use std::sync::Arc;
use std::time::SystemTime;

use tokio_postgres::Row;

use super::driver::Keeper;
use super::holder;
use super::key;
use super::queries::Question;
use super::server::trouble;
use crate::error::LockError;
use crate::holder::Holder;
use crate::name::LockName;
use crate::status::{State, Status};

/// What is asked, for people.
pub(super) const OPERATION: &str = "survey the locks";

/// How many columns the fields of a holder are; those of its session follow.
const HOLDER: usize = 8;

/// How many columns come before the name.
const BEFORE_NAME: usize = HOLDER + 2 + HOLDER;

/// Asks how the lock `name` stands, which is free where no row is its own.
pub(super) async fn status(keeper: Arc<Keeper>, name: LockName) -> Result<Status, LockError> {
    let found = survey(keeper, Some(name.clone())).await?.pop();
    Ok(found.unwrap_or_else(|| Status::new(name.as_str(), State::Free)))
}

/// Asks how the locks of the namespace stand, or one of them.
///
/// The rows are of one moment and who has the locks is of a later one, so whoever released a lock in
/// between looks like one that died: only who is told of twice has.
pub(super) async fn survey(
    keeper: Arc<Keeper>,
    name: Option<LockName>,
) -> Result<Vec<Status>, LockError> {
    let found = ask(&keeper, name.as_ref()).await?;
    if found.iter().all(|status| status.abandoned().is_none()) {
        return Ok(found);
    }
    let again = ask(&keeper, name.as_ref()).await?;
    let is_told_twice = |status: &Status| {
        let before = found.iter().find(|before| before.name() == status.name());
        before.and_then(Status::abandoned).map(key) == status.abandoned().map(key)
    };
    let certain = |status: Status| {
        if is_told_twice(&status) { status } else { status.abandoned_by(None) }
    };
    Ok(again.into_iter().map(certain).collect())
}

/// What tells a holder from others for which it could be taken.
fn key(holder: &Holder) -> (Option<u32>, Option<SystemTime>) {
    (holder.process(), holder.since())
}

async fn ask(keeper: &Keeper, name: Option<&LockName>) -> Result<Vec<Status>, LockError> {
    let address = keeper.server.address();
    let session = keeper.aside().await?;
    let namespace = &address.namespace;
    let rows = match name {
        None => session.ask(Question::Survey, &[namespace]).await,
        Some(name) => {
            let key = key::key(namespace, name);
            session.ask(Question::Status, &[namespace, &key, &name.as_str()]).await
        }
    };
    let rows = rows.map_err(|error| trouble(OPERATION, address, &error))?;
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
    let holder = if state.is_held() { holder::found(row) } else { None };
    let status = Status::new(row.try_get::<_, String>(BEFORE_NAME).ok()?, state)
        .held_by(holder)
        .waited_for_by(count(4))
        .with_token(number(1).and_then(|token| u64::try_from(token).ok()))
        .abandoned_by(holder::read(row, HOLDER + 2));
    Some(status)
}
