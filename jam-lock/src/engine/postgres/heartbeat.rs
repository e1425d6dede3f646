//! While locks are held or waited for, checks that the server still has their sessions.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::boot_time;
use super::control_session::ControlSession;
use super::pool::Pool;
use super::queries::Query;
use super::session::{Backend, Session};

/// How often a session is checked.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long a response may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How long a session may be silent before the server is asked about it: longer than the time
/// between two answered pings.
const UNRESPONSIVE: Duration = Duration::from_millis(1500);

/// How often sessions are checked for the loss of their server.
const LOSS_INTERVAL: Duration = Duration::from_millis(250);

/// Pings each session that has locks, except those that wait for another lock and cannot respond.
pub(super) async fn ping_sessions(pool: Arc<Pool>) {
    loop {
        pool.wait_until_in_use().await;
        sleep(INTERVAL).await;
        let ping = |session: Arc<Session>| async move {
            // A session that does not respond is left to `check_unresponsive`, and a connection
            // that is lost closes its session itself.
            let _ = timeout(TIMEOUT, session.ping()).await;
        };
        pool.holding_idle().into_iter().map(ping).collect::<JoinSet<_>>().join_all().await;
    }
}

/// Checks over the control session which of the unresponsive sessions in use the server still has.
pub(super) async fn check_unresponsive(pool: Arc<Pool>, control: Arc<ControlSession>) {
    loop {
        pool.wait_until_in_use().await;
        sleep(INTERVAL).await;
        let mut unresponsive = pool.in_use();
        unresponsive.retain(|session| session.silence() > UNRESPONSIVE);
        if unresponsive.is_empty() {
            continue;
        }
        let Ok(Ok(session)) = timeout(TIMEOUT, control.get()).await else { continue };
        let sent = boot_time::now();
        match timeout(TIMEOUT, live_backends(&session, &unresponsive)).await {
            Ok(Ok(live)) => update(&unresponsive, &live, sent),
            _ => {
                session.close("the server did not answer a heartbeat".to_owned());
            }
        }
    }
}

/// The backends of `sessions` that the server still has.
async fn live_backends(
    session: &Session,
    sessions: &[Arc<Session>],
) -> Result<HashSet<Backend>, tokio_postgres::Error> {
    let processes: Vec<_> = sessions.iter().map(|session| session.backend.process).collect();
    let rows = session.run(Query::LiveBackends, &[&processes]).await?;
    rows.iter()
        .map(|row| Ok(Backend { process: row.try_get(0)?, started: row.try_get(1)? }))
        .collect()
}

fn update(unresponsive: &[Arc<Session>], live: &HashSet<Backend>, sent: Duration) {
    for session in unresponsive {
        if live.contains(&session.backend) {
            session.record_response(sent);
        } else {
            session.close("the server has ended the session".to_owned());
        }
    }
}

/// Closes the sessions whose server has been unresponsive for too long, which reports their loss.
pub(super) async fn close_lost(pool: Arc<Pool>) {
    loop {
        pool.wait_until_in_use().await;
        sleep(LOSS_INTERVAL).await;
        for session in pool.holding() {
            session.lost_reason();
        }
    }
}
