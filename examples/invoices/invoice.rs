//! Invoices and their lines, as they are stored in `DEMO_INVOICES` and `DEMO_INVOICE_TABLE`.

use rusqlite::{Connection, Transaction, params};

use crate::delta::Target;

/// By which number Jam.py knows that a line belongs to an invoice and not to something else.
const INVOICES: i64 = 16;

/// In per cent, for new invoices.
const TAX_RATE: f64 = 5.0;

/// An invoice without its lines.
#[derive(Debug)]
pub(crate) struct Invoice {
    /// None as long as it isn't stored.
    id: Option<i64>,
    customer: i64,
    date: String,
    tax_rate: f64,
}

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// None as long as it isn't stored.
    pub(crate) id: Option<i64>,
    pub(crate) track: i64,
    pub(crate) quantity: i32,
    pub(crate) unit_price: f64,
}

impl Invoice {
    /// The invoice that is changed: a new one, or what is stored of an old one.
    pub(crate) fn read(target: &Target, database: &Connection) -> rusqlite::Result<Self> {
        match target {
            Target::New { customer, date } => {
                Ok(Self { id: None, customer: *customer, date: date.clone(), tax_rate: TAX_RATE })
            }
            Target::Stored { invoice } => database
                .prepare_cached(
                    "SELECT CUSTOMER, INVOICE_DATE, TAXRATE FROM DEMO_INVOICES WHERE ID = ?1",
                )?
                .query_row([invoice], |row| {
                    Ok(Self {
                        id: Some(*invoice),
                        customer: row.get(0)?,
                        date: row.get(1)?,
                        tax_rate: row.get(2)?,
                    })
                }),
        }
    }

    /// The stored lines, those that are marked deleted left out.
    pub(crate) fn read_lines(&self, database: &Connection) -> rusqlite::Result<Vec<Line>> {
        let Some(id) = self.id else { return Ok(Vec::new()) };
        database
            .prepare_cached(
                "SELECT ID, TRACK, QUANTITY, UNITPRICE FROM DEMO_INVOICE_TABLE
                 WHERE MASTER_ID = ?1 AND MASTER_REC_ID = ?2 AND DELETED = 0 ORDER BY ID",
            )?
            .query_map([INVOICES, id], |row| {
                Ok(Line {
                    id: row.get(0)?,
                    track: row.get(1)?,
                    quantity: row.get(2)?,
                    unit_price: row.get(3)?,
                })
            })?
            .collect()
    }

    /// Stores the invoice, and of its lines those that differ; returns how many do.
    pub(crate) fn write(
        &self,
        before: &[Line],
        after: &[Line],
        writes: &Transaction,
    ) -> rusqlite::Result<usize> {
        let id = self.write_totals(after, writes)?;
        let deleted = before.iter().filter(|line| after.iter().all(|kept| kept.id != line.id));
        let written = after.iter().filter(|line| !before.contains(line));
        let mut count = 0;
        for line in deleted {
            count += line.mark_deleted(writes)?;
        }
        for line in written {
            count += self.write_line(id, line, writes)?;
        }
        Ok(count)
    }

    /// Stores what the invoice itself says, and returns its `ID`.
    fn write_totals(&self, lines: &[Line], writes: &Transaction) -> rusqlite::Result<i64> {
        let subtotal = cents(lines.iter().map(Line::amount).sum());
        let tax = cents(lines.iter().map(|line| line.tax(self.tax_rate)).sum());
        writes
            .prepare_cached(
                "INSERT INTO DEMO_INVOICES
                 (ID, DELETED, CUSTOMER, INVOICE_DATE, SUBTOTAL, TAXRATE, TAX, TOTAL)
                 VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (ID) DO UPDATE SET SUBTOTAL = ?4, TAX = ?6, TOTAL = ?7
                 RETURNING ID",
            )?
            .query_row(
                params![
                    self.id,
                    self.customer,
                    self.date,
                    subtotal,
                    self.tax_rate,
                    tax,
                    cents(subtotal + tax)
                ],
                |row| row.get(0),
            )
    }

    fn write_line(&self, id: i64, line: &Line, writes: &Transaction) -> rusqlite::Result<usize> {
        let amount = line.amount();
        let tax = line.tax(self.tax_rate);
        writes
            .prepare_cached(
                "INSERT INTO DEMO_INVOICE_TABLE
                 (ID, DELETED, MASTER_ID, MASTER_REC_ID, TRACK, QUANTITY, UNITPRICE, AMOUNT, TAX,
                  TOTAL, INVOICE_DATE, CUSTOMER)
                 VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT (ID) DO UPDATE
                 SET QUANTITY = ?5, AMOUNT = ?7, TAX = ?8, TOTAL = ?9",
            )?
            .execute(params![
                line.id,
                INVOICES,
                id,
                line.track,
                line.quantity,
                line.unit_price,
                amount,
                tax,
                cents(amount + tax),
                self.date,
                self.customer
            ])
    }
}

impl Line {
    fn amount(&self) -> f64 {
        cents(f64::from(self.quantity) * self.unit_price)
    }

    fn tax(&self, rate: f64) -> f64 {
        cents(self.amount() * rate / 100.0)
    }

    fn mark_deleted(&self, writes: &Transaction) -> rusqlite::Result<usize> {
        writes
            .prepare_cached("UPDATE DEMO_INVOICE_TABLE SET DELETED = 1 WHERE ID = ?1")?
            .execute([self.id])
    }
}

/// Rounds an amount of money to cents.
fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}
