//! Whether the server still keeps the locks of this process, and its places in the server's queues,
//! asked all the time while it has any.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::boot_time;
use super::driver::Keeper;
use super::pool::Roster;
use super::queries::Question;
use super::session::{Backend, Session};

/// How often a session is asked.
const RHYTHM: Duration = Duration::from_secs(1);

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(2);

/// How long a session says nothing before another one is asked about it: longer than one does that
/// answers each time.
const SILENT: Duration = Duration::from_millis(1500);

/// How often it is looked whether the server was heard of lately.
const LOOK: Duration = Duration::from_millis(250);

/// Asks each session that has locks whether it is there, but for those that wait for another one, and
/// cannot answer.
pub(super) async fn beat(roster: Arc<Roster>) {
    loop {
        roster.until_in_use().await;
        sleep(RHYTHM).await;
        let ask = |session: Arc<Session>| async move {
            // Others are asked about who does not answer; a connection that was cut says so itself.
            let _ = timeout(ANSWER, session.ask_for_a_sign()).await;
        };
        roster.at_rest().into_iter().map(ask).collect::<JoinSet<_>>().join_all().await;
    }
}

/// Asks the server, by a session for such questions, which of those are there that have locks, or
/// wait for one, and say nothing themselves.
pub(super) async fn look_for_the_silent(keeper: Arc<Keeper>) {
    loop {
        keeper.roster.until_in_use().await;
        sleep(RHYTHM).await;
        let mut silent = keeper.roster.in_use();
        silent.retain(|session| session.silence() > SILENT);
        if silent.is_empty() {
            continue;
        }
        let Ok(Ok(session)) = timeout(ANSWER, keeper.aside()).await else { continue };
        let sent = boot_time::now();
        match timeout(ANSWER, there(&session, &silent)).await {
            Ok(Ok(there)) => judge(&silent, &there, sent),
            _ => {
                session.close("a heartbeat was not answered".to_owned());
            }
        }
    }
}

/// Which of `sessions` the server has.
async fn there(
    session: &Session,
    sessions: &[Arc<Session>],
) -> Result<HashSet<Backend>, tokio_postgres::Error> {
    let processes: Vec<_> = sessions.iter().map(|session| session.backend.process).collect();
    let rows = session.ask(Question::Beat, &[&processes]).await?;
    rows.iter()
        .map(|row| Ok(Backend { process: row.try_get(0)?, began: row.try_get(1)? }))
        .collect()
}

fn judge(silent: &[Arc<Session>], there: &HashSet<Backend>, sent: Duration) {
    for session in silent {
        if there.contains(&session.backend) {
            session.heard_of(sent);
        } else {
            session.close("the server has ended the session".to_owned());
        }
    }
}

/// Ends the sessions whose server was not heard of lately, which others are told of.
pub(super) async fn watch_over(roster: Arc<Roster>) {
    loop {
        roster.until_in_use().await;
        sleep(LOOK).await;
        for session in roster.holding() {
            session.end();
        }
    }
}
