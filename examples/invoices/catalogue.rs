//! A catalogue of our own, in the tables of Jam.py's demo application: the same one every time.

use std::time::Duration;

use fastrand::Rng;
use rusqlite::{Connection, params};

use crate::clerk::Clerk;
use crate::handler::{SaveError, on_apply_without_lock};

/// The columns of Jam.py's demo application which this program knows.
const TABLES: &str = "
    CREATE TABLE DEMO_TRACKS (
        ID INTEGER PRIMARY KEY, DELETED INTEGER, NAME TEXT, UNITPRICE REAL, TRACKS_SOLD INTEGER
    );
    CREATE TABLE DEMO_CUSTOMERS (
        ID INTEGER PRIMARY KEY, DELETED INTEGER, FIRSTNAME TEXT, LASTNAME TEXT
    );
    CREATE TABLE DEMO_INVOICES (
        ID INTEGER PRIMARY KEY, DELETED INTEGER, CUSTOMER INTEGER REFERENCES DEMO_CUSTOMERS (ID),
        INVOICE_DATE TEXT, SUBTOTAL REAL, TAXRATE REAL, TAX REAL, TOTAL REAL
    );
    CREATE TABLE DEMO_INVOICE_TABLE (
        ID INTEGER PRIMARY KEY, DELETED INTEGER, MASTER_ID INTEGER, MASTER_REC_ID INTEGER,
        TRACK INTEGER, QUANTITY INTEGER, UNITPRICE REAL, AMOUNT REAL, TAX REAL, TOTAL REAL,
        INVOICE_DATE TEXT, CUSTOMER INTEGER
    );
    CREATE INDEX DEMO_INVOICE_TABLE_IDX ON DEMO_INVOICE_TABLE (MASTER_ID, MASTER_REC_ID);
";

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

/// Makes the catalogue in memory.
pub(crate) fn make() -> Result<Connection, SaveError> {
    let mut database = Connection::open_in_memory()?;
    database.execute_batch(TABLES)?;
    add_tracks(&database)?;
    add_customers(&database)?;
    // Workers count from 1, so that none of them repeats what this clerk entered.
    let mut clerk = Clerk::new(0, Duration::ZERO, &database)?;
    for _ in 0..SAVED {
        let delta = clerk.enter(&database)?;
        // Nobody else sees this database yet.
        on_apply_without_lock(&delta, &mut database)?;
    }
    Ok(database)
}

fn add_tracks(database: &Connection) -> rusqlite::Result<()> {
    let mut names: Vec<String> = MOODS
        .iter()
        .flat_map(|mood| THINGS.iter().map(move |thing| format!("{mood} {thing}")))
        .collect();
    Rng::with_seed(0).shuffle(&mut names);
    let mut insert = database.prepare(
        "INSERT INTO DEMO_TRACKS (DELETED, NAME, UNITPRICE, TRACKS_SOLD) VALUES (0, ?1, ?2, 0)",
    )?;
    for (position, name) in names.iter().enumerate() {
        let unit_price = if position % 16 == 0 { 1.99 } else { 0.99 };
        insert.execute(params![name, unit_price])?;
    }
    Ok(())
}

fn add_customers(database: &Connection) -> rusqlite::Result<()> {
    let mut insert = database
        .prepare("INSERT INTO DEMO_CUSTOMERS (DELETED, FIRSTNAME, LASTNAME) VALUES (0, ?1, ?2)")?;
    for last_name in LAST_NAMES {
        for first_name in FIRST_NAMES {
            insert.execute([first_name, last_name])?;
        }
    }
    Ok(())
}
