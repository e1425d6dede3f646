//! [`NewestTimeline`]: distinguishes a standby that was promoted from the primary that it replaces.
//!
//! Both have the same system identifier, and may both run. A promoted standby begins a new timeline.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::{Client, SimpleQueryMessage};

use super::connection::CONNECT;
use super::url::Url;
use crate::error::LockError;

/// The name of a WAL file begins with the timeline, in hexadecimal.
const CURRENT: &str = "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)";

/// The newest timeline of the servers to which one URL has led.
#[derive(Default)]
pub(super) struct NewestTimeline(AtomicU32);

impl NewestTimeline {
    /// Fails if the URL has led to a server with a newer timeline than this one, which its standby has
    /// replaced.
    pub(super) fn check(&self, timeline: Option<u32>, url: &Url) -> Result<(), LockError> {
        // A server that does not show it, as some that are not PostgreSQL, is not checked.
        let Some(timeline) = timeline else { return Ok(()) };
        if self.0.fetch_max(timeline, Ordering::Relaxed) <= timeline {
            return Ok(());
        }
        let text = "this server is a former primary, whose standby was promoted in its place: stop it, \
                    or leave it out of the URL";
        Err(LockError::engine(CONNECT, url.redacted(), text))
    }
}

/// The timeline of the server, if it shows that.
pub(super) async fn current(client: &Client) -> Option<u32> {
    let messages = client.simple_query(CURRENT).await.ok()?;
    messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => u32::from_str_radix(row.get(0)?, 16).ok(),
        _ => None,
    })
}
