//! Removes the rows of keyed names that are not in use, because there may be any number of them.

use super::driver::Driver;
use super::error::server_error;
use super::queries::{Query, SWEEP_LIMIT};
use crate::error::LockError;

/// The operation, for messages.
pub(super) const OPERATION: &str = "sweep the locks";

/// The rows that one query has looked at.
pub(super) struct Batch {
    pub(super) removed: usize,
    /// Where the next batch starts, unless this was the last one.
    pub(super) next: Option<i64>,
}

/// Removes some of the rows whose keys are above `after`, in the order of their keys.
pub(super) async fn batch(driver: &Driver, after: i64) -> Result<Batch, LockError> {
    let url = driver.server.url();
    let failed = |error| server_error(OPERATION, url.redacted(), &error);
    let session = driver.control_session().await?;
    let rows = session.run(Query::Sweep, &[&url.namespace, &after]).await.map_err(failed)?;
    let count = |at| rows[0].try_get::<_, i64>(at).map(|count| usize::try_from(count).unwrap_or(0));
    let last = rows[0].try_get::<_, Option<i64>>(0).map_err(failed)?;
    let is_full = count(1).map_err(failed)? == SWEEP_LIMIT;
    Ok(Batch { removed: count(2).map_err(failed)?, next: last.filter(|_| is_full) })
}
