//! How a wait goes on when its session has ended: over a new one.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::engine::postgres::error::is_temporary;
use crate::engine::postgres::random;
use crate::error::LockError;

/// How long a wait searches for a server.
const PATIENCE: Duration = Duration::from_secs(60);

/// The first and the longest pause before a new attempt to connect, on average.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(700)];

/// The search for a server, once a session of the wait has ended.
pub(super) struct Reconnect {
    /// Since when there has been no session, after there was one.
    lost: Option<Instant>,
    pause: Duration,
    attempt: Instant,
}

impl Reconnect {
    pub(super) fn new() -> Self {
        Self { lost: None, pause: PAUSES[0], attempt: Instant::now() }
    }

    /// Records that there is a session.
    pub(super) fn connected(&mut self) {
        self.lost = None;
    }

    /// Records that the session has ended.
    pub(super) fn disconnected(&mut self) {
        self.lost = Some(Instant::now());
    }

    /// Whether to search for a server in spite of `error`.
    pub(super) fn continues_after(&self, error: &LockError) -> bool {
        self.lost.is_some_and(|lost| lost.elapsed() < PATIENCE) && is_temporary(error)
    }

    /// Pauses before the next attempt: longer and longer, unless the last one took long.
    pub(super) async fn pause(&mut self) {
        let [first, longest] = PAUSES;
        self.pause =
            if self.attempt.elapsed() > longest { first } else { longest.min(self.pause * 2) };
        // Those whose sessions ended together do not connect together.
        sleep(self.pause.mul_f64(0.5 + random::fraction())).await;
        self.attempt = Instant::now();
    }
}
