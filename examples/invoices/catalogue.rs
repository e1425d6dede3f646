//! A catalogue of our own, in the tables of Jam.py's demo application: the same one every time.

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

/// How many deltas were saved before the run: most of them invoices, some of them changes.
const SAVED: u32 = 120;

/// What can be sold, and to whom.
pub(crate) struct Catalogue {
    /// By name, with a price each.
    pub(crate) tracks: Vec<(String, f64)>,
    /// By first and last name.
    pub(crate) customers: Vec<[&'static str; 2]>,
}

/// Makes the catalogue in `database`, where there is nothing yet.
pub(crate) fn make(database: &mut dyn Database) -> Result<(), DatabaseError> {
    database.make(&Catalogue { tracks: tracks(), customers: customers() })?;
    // Workers count from 1, so that none of them repeats what this clerk entered.
    let mut clerk = Clerk::new(0, Duration::ZERO, database)?;
    for _ in 0..SAVED {
        let delta = clerk.enter(database)?;
        // Nobody else sees this database yet.
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
