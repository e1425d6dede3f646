//! Checks whether every track was counted correctly.

use std::fmt;

use crate::database::{Database, DatabaseError};

/// How many of the wrong tracks are listed.
const LISTED: usize = 10;

/// The result: correct if for every track `TRACKS_SOLD` is the sum of `QUANTITY` over its lines that are
/// not marked as deleted.
#[derive(Debug)]
pub(crate) struct Verdict {
    tracks: usize,
    sold: i64,
    wrong: Vec<Count>,
}

/// How often a track was sold.
#[derive(Debug)]
pub(crate) struct Count {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// The value of `TRACKS_SOLD`.
    pub(crate) counted: i64,
    /// The sum over its lines.
    pub(crate) sold: i64,
}

impl Verdict {
    pub(crate) fn new(database: &mut dyn Database) -> Result<Self, DatabaseError> {
        let tracks = database.counts()?;
        Ok(Self {
            tracks: tracks.len(),
            sold: tracks.iter().map(|track| track.sold).sum(),
            wrong: tracks.into_iter().filter(|track| track.counted != track.sold).collect(),
        })
    }

    pub(crate) fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tracks, sold, wrong } = self;
        if self.is_right() {
            return write!(
                f,
                "Right: for each of {tracks} tracks, TRACKS_SOLD is the sum of its lines, \
                 {sold} in all."
            );
        }
        write!(
            f,
            "Wrong: for {} of {tracks} tracks, TRACKS_SOLD is not the sum of their lines.\n\n\
             {:>7}  {:>8}  {:>6}  name",
            wrong.len(),
            "track",
            "expected",
            "found"
        )?;
        for Count { id, name, counted, sold } in wrong.iter().take(LISTED) {
            write!(f, "\n{id:>7}  {sold:>8}  {counted:>6}  {name}")?;
        }
        if wrong.len() > LISTED {
            write!(f, "\n{:>7}  and {} more", "", wrong.len() - LISTED)?;
        }
        Ok(())
    }
}
