//! How the locks of a namespace stand, as the server tells it.

use std::sync::Arc;
use std::time::SystemTime;

use tokio_postgres::Row;

use super::holder;
use super::keeper::Keeper;
use super::opening::trouble;
use super::texts::Question;
use crate::holder::Holder;
use crate::{LockError, State, Status};

/// What is asked, for people.
pub(super) const OPERATION: &str = "survey the locks";

/// How many columns the fields of a holder are; those of its session follow.
const HOLDER: usize = 8;

/// How many columns come before the name.
const BEFORE_NAME: usize = HOLDER + 2 + HOLDER;

/// Asks how the locks of the namespace stand.
///
/// The rows are of one moment and who has the locks is of a later one, so whoever released a lock in
/// between looks like one that died: only who is told of twice has.
pub(super) async fn survey(keeper: Arc<Keeper>) -> Result<Vec<Status>, LockError> {
    let found = ask(&keeper).await?;
    if found.iter().all(|status| status.abandoned().is_none()) {
        return Ok(found);
    }
    let again = ask(&keeper).await?;
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

async fn ask(keeper: &Keeper) -> Result<Vec<Status>, LockError> {
    let address = keeper.server.address();
    let session = keeper.aside().await?;
    let rows = session.ask(Question::Survey, &[&address.namespace]).await;
    let rows = rows.map_err(|error| trouble(OPERATION, address, &error))?;
    Ok(rows.iter().filter_map(status).collect())
}

fn status(row: &Row) -> Option<Status> {
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
