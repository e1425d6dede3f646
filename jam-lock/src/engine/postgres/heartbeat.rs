//! Keeps the sessions of a process alive, and checks that the server still has them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::backend::Backend;
use super::control_session::ControlSession;
use super::pool::Pool;
use super::queries::Query;
use super::server::Server;
use super::session::Session;
use super::{boot_time, random};

/// How often a session is checked.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long a response may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How long a session may be silent before the server is asked about it: longer than the time
/// between two answered pings.
const UNRESPONSIVE: Duration = Duration::from_millis(1500);

/// How long a session without locks may be silent before it is pinged: less than the server allows.
const RESTING: Duration = Duration::from_secs(4);

/// How often sessions that only wait are checked, on average: seldom, because that takes another
/// connection, and there may be hundreds of waiting processes.
const WAITING_INTERVAL: Duration = Duration::from_secs(30);

/// How often sessions are checked for the loss of their server.
const LOSS_INTERVAL: Duration = Duration::from_millis(250);

/// Pings each session, except those that wait for a lock and cannot respond; closes those that have
/// not been used for long.
pub(super) async fn ping_sessions(pool: Arc<Pool>) {
    loop {
        pool.wait_until_connected().await;
        sleep(INTERVAL).await;
        pool.close_unused();
        let mut sessions = pool.holding_idle();
        sessions.extend(pool.unused().into_iter().filter(|session| session.silence() > RESTING));
        let ping = |session: Arc<Session>| async move {
            // A session that does not respond is left to the checks below, and a connection that
            // is lost closes its session itself.
            let _ = timeout(TIMEOUT, session.ping()).await;
        };
        sessions.into_iter().map(ping).collect::<JoinSet<_>>().join_all().await;
    }
}

/// Checks over the control session which of the unresponsive sessions with locks the server still
/// has.
pub(super) async fn check_holding(pool: Arc<Pool>, control: Arc<ControlSession>) {
    loop {
        pool.wait_until_in_use().await;
        sleep(INTERVAL).await;
        let unresponsive = unresponsive(pool.holding());
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

/// Checks which of the sessions that wait and have no locks the server still has, for which the
/// control session is not opened: a waiting process has one connection.
///
/// The end of a connection is noticed without that, but not if a pooler or a proxy has lost the
/// server and keeps the client.
pub(super) async fn check_waiting(pool: Arc<Pool>, server: Arc<Server>) {
    loop {
        pool.wait_until_in_use().await;
        // Processes that began to wait together do not check together.
        sleep(WAITING_INTERVAL.mul_f64(0.5 + random::fraction())).await;
        let waiting = unresponsive(pool.waiting());
        if waiting.is_empty() {
            continue;
        }
        let sent = boot_time::now();
        if let Ok(live) = server.live_backends(&processes(&waiting)).await {
            update(&waiting, &live, sent);
        }
    }
}

fn unresponsive(mut sessions: Vec<Arc<Session>>) -> Vec<Arc<Session>> {
    sessions.retain(|session| session.silence() > UNRESPONSIVE);
    sessions
}

fn processes(sessions: &[Arc<Session>]) -> Vec<i32> {
    sessions.iter().map(|session| session.backend.process).collect()
}

/// The backends of `sessions` that the server still has.
async fn live_backends(
    session: &Session,
    sessions: &[Arc<Session>],
) -> Result<HashSet<Backend>, tokio_postgres::Error> {
    let rows = session.run(Query::LiveBackends, &[&processes(sessions)]).await?;
    rows.iter()
        .map(|row| Ok(Backend { process: row.try_get(0)?, own_lock: row.try_get(1)? }))
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
