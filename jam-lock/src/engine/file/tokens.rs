//! The tokens of one lock: they rise with every writer, and a reader's lies between those of the
//! writers around it.
//!
//! A writer's is the last one plus two, or the time, in nanoseconds since 1970, whichever is greater:
//! so tokens rise even where the last one is not known.

use std::time::Duration;

use crate::wall_clock::since_1970;

/// How many tokens may be given out beyond the one that is written.
pub(super) const UNWRITTEN: u64 = 1 << 10;

/// The greatest token that is known to have been given to a writer.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    last: u64,
}

impl Tokens {
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Notes a token that somebody has.
    pub(super) fn note(&mut self, token: u64) {
        self.last = self.last.max(token);
    }

    /// Notes the token that was written for somebody who may have given out more of them.
    pub(super) fn note_of_the_dead(&mut self, token: u64) {
        self.note(token + UNWRITTEN);
    }

    /// That of the next writer.
    pub(super) fn writer(&mut self, now: Duration) -> u64 {
        self.last = (self.last + 2).max(nanos(now));
        self.last
    }

    /// That of readers, where what was noted is that of the last writer.
    pub(super) fn reader(&self) -> u64 {
        self.last + 1
    }

    /// That of readers, where writers may have been there of whom nothing was noted.
    pub(super) fn reader_after_anybody(&mut self) -> u64 {
        self.note(nanos(since_1970()));
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
    fn a_reader_comes_after_writers_that_were_not_noted() {
        let mut tokens = Tokens::default();
        let stale = tokens.writer(Duration::ZERO);
        let unknown = nanos(since_1970());
        assert!(tokens.reader() > stale && tokens.reader() < unknown);
        assert!(tokens.reader_after_anybody() > unknown);
    }

    #[test]
    fn a_death_that_is_looked_at_again_does_not_lift_readers_above_the_next_writer() {
        let (mut readers, mut writer) = (Tokens::default(), Tokens::default());
        (0..3).for_each(|_| readers.note_of_the_dead(7));
        writer.note_of_the_dead(7);
        assert!(readers.reader() < writer.writer(Duration::ZERO));
    }
}
