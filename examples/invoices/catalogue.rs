//! A generated catalogue in the tables of Jam.py's demo application, which is the same every time.

use std::time::Duration;

use fastrand::Rng;

use crate::clerk::Clerk;
use crate::database::{Database, DatabaseError};
use crate::handler::save;

const MOODS: [&str; 16] = [
    "Quiet", "Broken", "Golden", "Midnight", "Paper", "Electric", "Slow", "Northern", "Borrowed",
    "Crooked", "Velvet", "Second", "Distant", "Burning", "Winter", "Hollow",
];

const THINGS: [&str; 16] = [
    "River", "Letter", "Engine", "Garden", "Harbour", "Mirror", "Station", "Thunder", "Window",
    "Carousel", "Lantern", "Highway", "Orchard", "Signal", "Morning", "Bridge",
];

const FIRST_NAMES: [&str; 8] = ["Ada", "Bo", "Chidi", "Dora", "Emil", "Farah", "Goro", "Hana"];

const LAST_NAMES: [&str; 5] = ["Abara", "Berg", "Costa", "Dumas", "Eriksen"];

/// How many deltas are saved before the run: most are invoices, some are changes.
const SAVED: u32 = 120;

/// The tracks and the customers.
pub(crate) struct Catalogue {
    /// By name, with a price each.
    pub(crate) tracks: Vec<(String, f64)>,
    /// By first and last name.
    pub(crate) customers: Vec<[&'static str; 2]>,
}

/// Creates the catalogue in an empty `database`.
pub(crate) fn create(database: &mut dyn Database) -> Result<(), DatabaseError> {
    database.create(&Catalogue { tracks: tracks(), customers: customers() })?;
    // The numbers of workers start at 1, so that none of them repeats the entries of this clerk.
    let mut clerk = Clerk::new(0, Duration::ZERO, database)?;
    for _ in 0..SAVED {
        let delta = clerk.enter(database)?;
        // No other process uses this database yet.
        save(&delta, database, None)?;
    }
    Ok(())
}

fn tracks() -> Vec<(String, f64)> {
    let mut names: Vec<String> = MOODS
        .iter()
        .flat_map(|mood| THINGS.iter().map(move |thing| format!("{mood} {thing}")))
        .collect();
    Rng::with_seed(0).shuffle(&mut names);
    let priced = |(position, name)| (name, if position % 16 == 0 { 1.99 } else { 0.99 });
    names.into_iter().enumerate().map(priced).collect()
}

fn customers() -> Vec<[&'static str; 2]> {
    let with = |last_name| FIRST_NAMES.iter().map(move |first_name| [*first_name, last_name]);
    LAST_NAMES.iter().flat_map(|last_name| with(*last_name)).collect()
}
