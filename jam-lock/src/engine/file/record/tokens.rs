//! [`Tokens`]: the fencing tokens of one lock. They rise with every writer, and a reader's token
//! lies between those of the writers around it.
//!
//! A writer's token is the last one plus two, or the time in nanoseconds since 1970, whichever is
//! greater: so tokens rise even if the last one is unknown.

use std::time::Duration;

use crate::wall_clock::since_1970;

/// How far tokens may rise beyond the recorded one before the holder is recorded again.
pub(super) const TOKEN_RESERVE: u64 = 1 << 10;

/// The greatest token of a writer that this process knows of.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    last: u64,
}

impl Tokens {
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Takes account of a token that a holder had.
    pub(super) fn observe(&mut self, token: u64) {
        self.last = self.last.max(token);
    }

    /// Takes account of a token that was recorded for a process that may have used its reserve.
    pub(super) fn observe_abandoned(&mut self, token: u64) {
        self.observe(token + TOKEN_RESERVE);
    }

    /// The token of the next writer.
    pub(super) fn next_writer(&mut self, now: Duration) -> u64 {
        self.last = (self.last + 2).max(nanos(now));
        self.last
    }

    /// The token of readers, if the last writer's is known.
    pub(super) fn reader(&self) -> u64 {
        self.last + 1
    }

    /// The token of readers, if there may have been writers with unknown tokens.
    pub(super) fn reader_after_unknown_writers(&mut self) -> u64 {
        self.observe(nanos(since_1970()));
        self.reader()
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_comes_after_writers_with_unknown_tokens() {
        let mut tokens = Tokens::default();
        let stale = tokens.next_writer(Duration::ZERO);
        let unknown = nanos(since_1970());
        assert!(tokens.reader() > stale && tokens.reader() < unknown);
        assert!(tokens.reader_after_unknown_writers() > unknown);
    }

    #[test]
    fn reading_an_abandonment_again_does_not_lift_readers_above_the_next_writer() {
        let (mut readers, mut writer) = (Tokens::default(), Tokens::default());
        (0..3).for_each(|_| readers.observe_abandoned(7));
        writer.observe_abandoned(7);
        assert!(readers.reader() < writer.next_writer(Duration::ZERO));
    }
}
