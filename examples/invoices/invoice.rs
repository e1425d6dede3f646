//! Invoices, their lines, and updates of both.

use std::collections::BTreeMap;

/// The `MASTER_ID` of all lines, which marks them as lines of invoices.
pub(crate) const MASTER_ID: i64 = 16;

/// The tax rate of new invoices, in per cent.
pub(crate) const TAX_RATE: f64 = 5.0;

/// An invoice without its lines.
#[derive(Debug)]
pub(crate) struct Invoice {
    /// `None` if it is not stored yet.
    pub(crate) id: Option<i64>,
    pub(crate) customer: i64,
    pub(crate) date: String,
    pub(crate) tax_rate: f64,
}

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// `None` if it is not stored yet.
    pub(crate) id: Option<i64>,
    pub(crate) track: i64,
    pub(crate) quantity: i32,
    pub(crate) unit_price: f64,
}

/// What to store when an invoice is saved, all of it in one transaction.
#[derive(Debug)]
pub(crate) struct InvoiceUpdate<'a> {
    pub(crate) invoice: &'a Invoice,
    /// The stored lines.
    pub(crate) lines_before: &'a [Line],
    /// The lines that replace them.
    pub(crate) lines_after: &'a [Line],
    /// The new `TRACKS_SOLD` of every track whose sales change, by track.
    pub(crate) tracks_sold: &'a BTreeMap<i64, i64>,
}

impl InvoiceUpdate<'_> {
    /// The lines to mark as deleted.
    pub(crate) fn deleted_lines(&self) -> impl Iterator<Item = &Line> {
        let is_kept = |line: &Line| self.lines_after.iter().any(|kept| kept.id == line.id);
        self.lines_before.iter().filter(move |line| !is_kept(line))
    }

    /// The lines to insert or to modify.
    pub(crate) fn changed_lines(&self) -> impl Iterator<Item = &Line> {
        self.lines_after.iter().filter(|line| !self.lines_before.contains(line))
    }

    /// The subtotal of the invoice, its tax, and the sum of both.
    pub(crate) fn totals(&self) -> (f64, f64, f64) {
        let totals = self.lines_after.iter().map(|line| line.totals(self.invoice.tax_rate));
        let (subtotal, tax) =
            totals.fold((0.0, 0.0), |sum, (amount, tax, _)| (sum.0 + amount, sum.1 + tax));
        (cents(subtotal), cents(tax), cents(subtotal + tax))
    }
}

impl Line {
    /// The amount of the line, its tax, and the sum of both.
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
