//! Generates invoices as a person would enter them, the same for the same seed and database.

use std::thread;
use std::time::Duration;

use fastrand::Rng;

use crate::database::{Database, DatabaseError};
use crate::delta::{Change, Delta, Target};

/// How many of ten deltas are new invoices; the others change one that is stored.
const NEW_OF_TEN: u8 = 7;

/// The longest pause in microseconds, which is about as long as some saves take.
const PAUSE: u64 = 2_000;

/// Enters invoices.
pub(crate) struct Clerk {
    random: Rng,
    customers: Vec<i64>,
    /// The bestseller first.
    tracks: Vec<(i64, f64)>,
    think: Duration,
}

impl Clerk {
    /// A clerk whose deltas make the handler pause for `think`.
    pub(crate) fn new(
        seed: u32,
        think: Duration,
        database: &mut dyn Database,
    ) -> Result<Self, DatabaseError> {
        let (customers, tracks) = (database.customers()?, database.tracks()?);
        Ok(Self { random: Rng::with_seed(u64::from(seed)), customers, tracks, think })
    }

    /// The next entry, based on what is stored now.
    pub(crate) fn enter(&mut self, database: &mut dyn Database) -> Result<Delta, DatabaseError> {
        // One of the latest, so that workers change the same invoices.
        match self.random.choice(database.latest_invoices()?) {
            Some(invoice) if self.random.u8(..10) >= NEW_OF_TEN => self.change(invoice, database),
            _ => Ok(self.new_invoice()),
        }
    }

    /// Pauses as a person does, while others change what this clerk has read.
    pub(crate) fn pause(&mut self) {
        thread::sleep(Duration::from_micros(self.random.u64(..PAUSE)));
    }

    fn new_invoice(&mut self) -> Delta {
        let customer = self.customers[self.random.usize(..self.customers.len())];
        let date = format!("2026-{:02}-{:02}", self.random.u8(1..=12), self.random.u8(1..=28));
        let changes = (0..self.random.u8(1..=6)).map(|_| self.insert()).collect();
        Delta { target: Target::New { customer, date }, changes, think: self.think }
    }

    fn change(
        &mut self,
        invoice: i64,
        database: &mut dyn Database,
    ) -> Result<Delta, DatabaseError> {
        let mut changes = vec![self.insert()];
        for line in database.lines(invoice)? {
            let Some(line) = line.id else { continue };
            match self.random.u8(..4) {
                0 => changes.push(Change::Delete { line }),
                1 => changes.push(Change::Modify { line, quantity: self.quantity() }),
                _ => {}
            }
        }
        Ok(Delta { target: Target::Stored { invoice }, changes, think: self.think })
    }

    fn insert(&mut self) -> Change {
        let (track, unit_price) = self.popular_track();
        Change::Insert { track, quantity: self.quantity(), unit_price }
    }

    fn quantity(&mut self) -> i32 {
        self.random.i32(1..=3)
    }

    /// The first track is bought as often as the next two together, as the next four together,
    /// and so on: a few bestsellers that every worker sells, and a long tail.
    fn popular_track(&mut self) -> (i64, f64) {
        let doublings = (self.tracks.len() + 1).ilog2();
        let first = 1 << self.random.u32(..doublings);
        let rank = self.random.usize(first..2 * first);
        self.tracks[rank - 1]
    }
}
