//! Checks that every track was counted correctly.

use std::fmt;

use crate::database::{Database, DatabaseError, TrackSales};

/// How many wrong tracks are listed.
const LISTED: usize = 10;

/// Whether `TRACKS_SOLD` of every track is the sum of `QUANTITY` over its lines that are not deleted.
#[derive(Debug)]
pub(crate) struct ConsistencyCheck {
    tracks: usize,
    sold: i64,
    wrong: Vec<TrackSales>,
}

impl ConsistencyCheck {
    /// Checks all tracks in `database`.
    pub(crate) fn run(database: &mut dyn Database) -> Result<Self, DatabaseError> {
        let tracks = database.track_sales()?;
        Ok(Self {
            tracks: tracks.len(),
            sold: tracks.iter().map(|track| track.sum_of_lines).sum(),
            wrong: tracks.into_iter().filter(|it| it.tracks_sold != it.sum_of_lines).collect(),
        })
    }

    pub(crate) fn passed(&self) -> bool {
        self.wrong.is_empty()
    }
}

impl fmt::Display for ConsistencyCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tracks, sold, wrong } = self;
        if self.passed() {
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
        for TrackSales { id, name, tracks_sold, sum_of_lines } in wrong.iter().take(LISTED) {
            write!(f, "\n{id:>7}  {sum_of_lines:>8}  {tracks_sold:>6}  {name}")?;
        }
        if wrong.len() > LISTED {
            write!(f, "\n{:>7}  and {} more", "", wrong.len() - LISTED)?;
        }
        Ok(())
    }
}
