//! Simulates a user who enters invoices: always the same for the same seed and the same database.

use std::thread;
use std::time::Duration;

use fastrand::Rng;

use crate::database::{Database, DatabaseError};
use crate::delta::{Change, Delta, Target};

/// How many of ten deltas are new invoices; the others change a stored one.
const NEW_OF_TEN: u8 = 7;

/// The longest pause before an invoice is saved, in microseconds: about as long as some saves take.
const MAX_PAUSE: u64 = 2_000;

/// A source of random deltas.
pub(crate) struct SimulatedUser {
    random: Rng,
    customers: Vec<i64>,
    /// With their prices, the bestseller first.
    tracks: Vec<(i64, f64)>,
    think_time: Duration,
}

impl SimulatedUser {
    /// A user for whose deltas the handler takes `think_time`.
    pub(crate) fn new(
        seed: u32,
        think_time: Duration,
        database: &mut dyn Database,
    ) -> Result<Self, DatabaseError> {
        let (customers, tracks) = (database.customers()?, database.tracks()?);
        Ok(Self { random: Rng::with_seed(u64::from(seed)), customers, tracks, think_time })
    }

    /// What the user enters next, given what is stored at the moment.
    pub(crate) fn next_delta(
        &mut self,
        database: &mut dyn Database,
    ) -> Result<Delta, DatabaseError> {
        // One of the latest, so that the workers often change the same invoice.
        match self.random.choice(database.latest_invoices()?) {
            Some(invoice) if self.random.u8(..10) >= NEW_OF_TEN => self.change(invoice, database),
            _ => Ok(self.new_invoice()),
        }
    }

    /// Waits for a moment, in which other workers may change the same invoice.
    pub(crate) fn pause(&mut self) {
        thread::sleep(Duration::from_micros(self.random.u64(..MAX_PAUSE)));
    }

    fn new_invoice(&mut self) -> Delta {
        let customer = self.customers[self.random.usize(..self.customers.len())];
        let date = format!("2026-{:02}-{:02}", self.random.u8(1..=12), self.random.u8(1..=28));
        let changes = (0..self.random.u8(1..=6)).map(|_| self.insert()).collect();
        Delta { target: Target::New { customer, date }, changes, think_time: self.think_time }
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
        Ok(Delta { target: Target::Stored { invoice }, changes, think_time: self.think_time })
    }

    fn insert(&mut self) -> Change {
        let (track, unit_price) = self.popular_track();
        Change::Insert { track, quantity: self.quantity(), unit_price }
    }

    fn quantity(&mut self) -> i32 {
        self.random.i32(1..=3)
    }

    /// A track, chosen with a long tail: the first one is sold as often as the next two together, as
    /// the next four together, and so on.
    fn popular_track(&mut self) -> (i64, f64) {
        let doublings = (self.tracks.len() + 1).ilog2();
        let first = 1 << self.random.u32(..doublings);
        let rank = self.random.usize(first..2 * first);
        self.tracks[rank - 1]
    }
}
