//! Invoices and their lines, and the writes that save them.

use std::collections::BTreeMap;

/// The number by which Jam.py marks lines of invoices.
pub(crate) const INVOICES: i64 = 16;

/// The tax rate of new invoices in percent.
pub(crate) const TAX_RATE: f64 = 5.0;

/// An invoice without its lines.
#[derive(Debug)]
pub(crate) struct Invoice {
    /// `None` until it is stored.
    pub(crate) id: Option<i64>,
    pub(crate) customer: i64,
    pub(crate) date: String,
    pub(crate) tax_rate: f64,
}

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// `None` until it is stored.
    pub(crate) id: Option<i64>,
    pub(crate) track: i64,
    pub(crate) quantity: i32,
    pub(crate) unit_price: f64,
}

/// All that is stored when an invoice is saved, in one transaction.
#[derive(Debug)]
pub(crate) struct Writes<'a> {
    pub(crate) invoice: &'a Invoice,
    /// Its lines as they are stored, and as they will be.
    pub(crate) before: &'a [Line],
    pub(crate) after: &'a [Line],
    /// The new `TRACKS_SOLD` of every track whose sales change.
    pub(crate) sold: &'a BTreeMap<i64, i64>,
}

impl Writes<'_> {
    /// The lines to mark as deleted.
    pub(crate) fn deleted(&self) -> impl Iterator<Item = &Line> {
        self.before.iter().filter(|line| self.after.iter().all(|kept| kept.id != line.id))
    }

    /// The lines that are new or differ.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Line> {
        self.after.iter().filter(|line| !self.before.contains(line))
    }

    /// The subtotal of the invoice, its tax, and their sum.
    pub(crate) fn totals(&self) -> (f64, f64, f64) {
        let totals = self.after.iter().map(|line| line.totals(self.invoice.tax_rate));
        let (subtotal, tax) =
            totals.fold((0.0, 0.0), |sum, (amount, tax, _)| (sum.0 + amount, sum.1 + tax));
        (cents(subtotal), cents(tax), cents(subtotal + tax))
    }
}

impl Line {
    /// The amount of the line, its tax, and their sum.
    pub(crate) fn totals(&self, tax_rate: f64) -> (f64, f64, f64) {
        let amount = cents(f64::from(self.quantity) * self.unit_price);
        let tax = cents(amount * tax_rate / 100.0);
        (amount, tax, cents(amount + tax))
    }
}

/// Rounds an amount of money to cents.
fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}
