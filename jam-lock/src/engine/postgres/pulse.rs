//! Whether the server still keeps the locks of this process, and its places in the server's queues,
//! asked all the time while it has any.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::clock;
use super::keeper::Keeper;
use super::roster::Roster;
use super::session::{Backend, Session};
use super::texts::Question;

/// How often the server is asked.
const RHYTHM: Duration = Duration::from_secs(1);

/// How long an answer may take before another connection is tried.
const ANSWER: Duration = Duration::from_secs(2);

/// How often it is looked whether the server was heard of lately.
const LOOK: Duration = Duration::from_millis(250);

/// Asks the server which of the sessions are there that have locks, or wait for one.
pub(super) async fn beat(keeper: Arc<Keeper>) {
    loop {
        keeper.roster.until_in_use().await;
        sleep(RHYTHM).await;
        let in_use = keeper.roster.in_use();
        let Ok(Ok(session)) = timeout(ANSWER, keeper.aside()).await else { continue };
        let sent = clock::now();
        match timeout(ANSWER, there(&session, &in_use)).await {
            Ok(Ok(there)) => judge(&in_use, &there, sent),
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

fn judge(in_use: &[Arc<Session>], there: &HashSet<Backend>, sent: Duration) {
    for session in in_use {
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
