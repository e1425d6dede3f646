//! Whether every track was counted right.

use std::fmt;

use rusqlite::Connection;

/// How many of the tracks that are wrong are listed.
const LISTED: usize = 10;

/// What `TRACKS_SOLD` says of every track, beside what the lines of the invoices say.
const COUNTED_AND_SOLD: &str = "
    SELECT track.ID, track.NAME, ifnull(track.TRACKS_SOLD, 0), ifnull(sum(line.QUANTITY), 0)
    FROM DEMO_TRACKS track
    LEFT JOIN DEMO_INVOICE_TABLE line ON line.TRACK = track.ID AND line.DELETED = 0
    GROUP BY track.ID ORDER BY track.ID";

/// The outcome: right if for every track `TRACKS_SOLD` is the sum of `QUANTITY` over its lines
/// that are not marked deleted.
#[derive(Debug)]
pub(crate) struct Verdict {
    tracks: usize,
    sold: i64,
    wrong: Vec<Track>,
}

#[derive(Debug)]
struct Track {
    id: i64,
    name: String,
    /// What `TRACKS_SOLD` says.
    counted: i64,
    /// What the lines say.
    sold: i64,
}

impl Verdict {
    pub(crate) fn of(database: &Connection) -> rusqlite::Result<Self> {
        let tracks = database
            .prepare(COUNTED_AND_SOLD)?
            .query_map([], |row| {
                Ok(Track {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    counted: row.get(2)?,
                    sold: row.get(3)?,
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
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
        for Track { id, name, counted, sold } in wrong.iter().take(LISTED) {
            write!(f, "\n{id:>7}  {sold:>8}  {counted:>6}  {name}")?;
        }
        if wrong.len() > LISTED {
            write!(f, "\n{:>7}  and {} more", "", wrong.len() - LISTED)?;
        }
        Ok(())
    }
}
