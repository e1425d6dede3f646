//! Generated data for the tables of Jam.py's demo application: the same every time.

use std::time::Duration;

use fastrand::Rng;

use crate::database::{Catalogue, Database, DatabaseError};
use crate::handler::save;
use crate::simulated_user::SimulatedUser;

const ADJECTIVES: [&str; 16] = [
    "Quiet", "Broken", "Golden", "Midnight", "Paper", "Electric", "Slow", "Northern", "Borrowed",
    "Crooked", "Velvet", "Second", "Distant", "Burning", "Winter", "Hollow",
];

const NOUNS: [&str; 16] = [
    "River", "Letter", "Engine", "Garden", "Harbour", "Mirror", "Station", "Thunder", "Window",
    "Carousel", "Lantern", "Highway", "Orchard", "Signal", "Morning", "Bridge",
];

const FIRST_NAMES: [&str; 8] = ["Ada", "Bo", "Chidi", "Dora", "Emil", "Farah", "Goro", "Hana"];

const LAST_NAMES: [&str; 5] = ["Abara", "Berg", "Costa", "Dumas", "Eriksen"];

/// How many deltas are saved: most are new invoices, some change one.
const DELTAS: u32 = 120;

/// Creates the tables in an empty `database`, and fills them.
pub(crate) fn create(database: &mut dyn Database) -> Result<(), DatabaseError> {
    database.create_tables(&Catalogue { tracks: tracks(), customers: customers() })?;
    // Workers count from 1, so none of them has this seed.
    let mut user = SimulatedUser::new(0, Duration::ZERO, database)?;
    for _ in 0..DELTAS {
        let delta = user.next_delta(database)?;
        // It needs no lock, because no other process knows this database yet.
        save(&delta, database, None)?;
    }
    Ok(())
}

fn tracks() -> Vec<(String, f64)> {
    let mut names: Vec<String> = ADJECTIVES
        .iter()
        .flat_map(|adjective| NOUNS.iter().map(move |noun| format!("{adjective} {noun}")))
        .collect();
    Rng::with_seed(0).shuffle(&mut names);
    let priced = |(position, name)| (name, if position % 16 == 0 { 1.99 } else { 0.99 });
    names.into_iter().enumerate().map(priced).collect()
}

fn customers() -> Vec<[&'static str; 2]> {
    let with = |last_name| FIRST_NAMES.iter().map(move |first_name| [*first_name, last_name]);
    LAST_NAMES.iter().flat_map(|last_name| with(*last_name)).collect()
}
