//! A PostgreSQL database, for processes of several machines: it has the lock as well.

use jam_lock::LockGuard;
use postgres::types::ToSql;
use postgres::{Client, Error, NoTls, Row, Transaction};

use super::{Catalogue, Database, DatabaseError, TrackSales};
use crate::invoice::{Invoice, InvoiceUpdate, Line, MASTER_ID};

/// The tables of Jam.py's demo application, with the columns that this program uses.
const TABLES: &str = "
    CREATE TABLE DEMO_TRACKS (
        ID BIGSERIAL PRIMARY KEY, DELETED INTEGER, NAME TEXT, UNITPRICE DOUBLE PRECISION,
        TRACKS_SOLD BIGINT
    );
    CREATE TABLE DEMO_CUSTOMERS (
        ID BIGSERIAL PRIMARY KEY, DELETED INTEGER, FIRSTNAME TEXT, LASTNAME TEXT
    );
    CREATE TABLE DEMO_INVOICES (
        ID BIGSERIAL PRIMARY KEY, DELETED INTEGER, CUSTOMER BIGINT REFERENCES DEMO_CUSTOMERS (ID),
        INVOICE_DATE TEXT, SUBTOTAL DOUBLE PRECISION, TAXRATE DOUBLE PRECISION,
        TAX DOUBLE PRECISION, TOTAL DOUBLE PRECISION
    );
    CREATE TABLE DEMO_INVOICE_TABLE (
        ID BIGSERIAL PRIMARY KEY, DELETED INTEGER, MASTER_ID BIGINT, MASTER_REC_ID BIGINT,
        TRACK BIGINT, QUANTITY INTEGER, UNITPRICE DOUBLE PRECISION, AMOUNT DOUBLE PRECISION,
        TAX DOUBLE PRECISION, TOTAL DOUBLE PRECISION, INVOICE_DATE TEXT, CUSTOMER BIGINT
    );
    CREATE INDEX DEMO_INVOICE_TABLE_IDX ON DEMO_INVOICE_TABLE (MASTER_ID, MASTER_REC_ID);
";

/// A connection to a server.
pub(crate) struct Postgres(Client);

impl Postgres {
    /// Connects to the database at `url`.
    pub(crate) fn connect(url: &str) -> Result<Self, Error> {
        Client::connect(url, NoTls).map(Self)
    }

    /// Runs a query, and converts each row with `read`.
    fn rows<T>(
        &mut self,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
        read: impl FnMut(Row) -> T,
    ) -> Result<Vec<T>, DatabaseError> {
        Ok(self.0.query(statement, values)?.into_iter().map(read).collect())
    }
}

impl Database for Postgres {
    fn create_tables(&mut self, catalogue: &Catalogue) -> Result<(), DatabaseError> {
        let mut transaction = self.0.transaction()?;
        transaction.batch_execute(TABLES)?;
        for (name, unit_price) in &catalogue.tracks {
            let text = "INSERT INTO DEMO_TRACKS (DELETED, NAME, UNITPRICE, TRACKS_SOLD)
                        VALUES (0, $1, $2, 0)";
            transaction.execute(text, &[name, unit_price])?;
        }
        for [first, last] in &catalogue.customers {
            let text =
                "INSERT INTO DEMO_CUSTOMERS (DELETED, FIRSTNAME, LASTNAME) VALUES (0, $1, $2)";
            transaction.execute(text, &[first, last])?;
        }
        Ok(transaction.commit()?)
    }

    fn customers(&mut self) -> Result<Vec<i64>, DatabaseError> {
        let text = "SELECT ID FROM DEMO_CUSTOMERS WHERE DELETED = 0 ORDER BY ID";
        self.rows(text, &[], |row| row.get(0))
    }

    fn tracks(&mut self) -> Result<Vec<(i64, f64)>, DatabaseError> {
        let text = "SELECT ID, UNITPRICE FROM DEMO_TRACKS WHERE DELETED = 0 ORDER BY ID";
        self.rows(text, &[], |row| (row.get(0), row.get(1)))
    }

    fn latest_invoices(&mut self) -> Result<Vec<i64>, DatabaseError> {
        let text = "SELECT ID FROM DEMO_INVOICES WHERE DELETED = 0 ORDER BY ID DESC LIMIT 20";
        self.rows(text, &[], |row| row.get(0))
    }

    fn invoice(&mut self, id: i64) -> Result<Invoice, DatabaseError> {
        let text = "SELECT CUSTOMER, INVOICE_DATE, TAXRATE FROM DEMO_INVOICES WHERE ID = $1";
        let row = self.0.query_one(text, &[&id])?;
        let (customer, date, tax_rate) = (row.get(0), row.get(1), row.get(2));
        Ok(Invoice { id: Some(id), customer, date, tax_rate })
    }

    fn lines(&mut self, invoice: i64) -> Result<Vec<Line>, DatabaseError> {
        let text = "SELECT ID, TRACK, QUANTITY, UNITPRICE FROM DEMO_INVOICE_TABLE
                    WHERE MASTER_ID = $1 AND MASTER_REC_ID = $2 AND DELETED = 0 ORDER BY ID";
        self.rows(text, &[&MASTER_ID, &invoice], |row| {
            let (id, track, quantity) = (row.get(0), row.get(1), row.get(2));
            Line { id, track, quantity, unit_price: row.get(3) }
        })
    }

    fn tracks_sold(&mut self, track: i64) -> Result<i64, DatabaseError> {
        let text = "SELECT coalesce(TRACKS_SOLD, 0) FROM DEMO_TRACKS WHERE ID = $1";
        Ok(self.0.query_one(text, &[&track])?.get(0))
    }

    fn store(
        &mut self,
        update: &InvoiceUpdate,
        guard: Option<&LockGuard>,
    ) -> Result<(), DatabaseError> {
        let mut transaction = self.0.transaction()?;
        if let Some(guard) = guard {
            // If the lock was lost in a network failure, this process may not have noticed yet.
            let fence = guard.fence_statement().map_err(Box::new)?;
            if transaction.query(&fence, &[])?.is_empty() {
                return Err(DatabaseError::Lost);
            }
        }
        let invoice = write_invoice(update, &mut transaction)?;
        for line in update.deleted_lines() {
            let text = "UPDATE DEMO_INVOICE_TABLE SET DELETED = 1 WHERE ID = $1";
            transaction.execute(text, &[&line.id])?;
        }
        for line in update.changed_lines() {
            write_line(invoice, line, update.invoice, &mut transaction)?;
        }
        for (track, sold) in update.tracks_sold {
            let text = "UPDATE DEMO_TRACKS SET TRACKS_SOLD = $2 WHERE ID = $1";
            transaction.execute(text, &[track, sold])?;
        }
        Ok(transaction.commit()?)
    }

    fn track_sales(&mut self) -> Result<Vec<TrackSales>, DatabaseError> {
        let text = "
            SELECT track.ID, track.NAME, coalesce(track.TRACKS_SOLD, 0),
                coalesce(sum(line.QUANTITY), 0)
            FROM DEMO_TRACKS track
            LEFT JOIN DEMO_INVOICE_TABLE line ON line.TRACK = track.ID AND line.DELETED = 0
            GROUP BY track.ID ORDER BY track.ID";
        self.rows(text, &[], |row| {
            let (id, name, tracks_sold) = (row.get(0), row.get(1), row.get(2));
            TrackSales { id, name, tracks_sold, sum_of_lines: row.get(3) }
        })
    }
}

/// Stores the invoice without its lines, and returns its `ID`.
fn write_invoice(update: &InvoiceUpdate, transaction: &mut Transaction) -> Result<i64, Error> {
    let Invoice { id, customer, date, tax_rate } = update.invoice;
    let (subtotal, tax, total) = update.totals();
    let text = "INSERT INTO DEMO_INVOICES
                (ID, DELETED, CUSTOMER, INVOICE_DATE, SUBTOTAL, TAXRATE, TAX, TOTAL)
                VALUES (coalesce($1, nextval('demo_invoices_id_seq')), 0, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (ID) DO UPDATE SET SUBTOTAL = $4, TAX = $6, TOTAL = $7
                RETURNING ID";
    let values: [&(dyn ToSql + Sync); 7] = [id, customer, date, &subtotal, tax_rate, &tax, &total];
    transaction.query_one(text, &values).map(|row| row.get(0))
}

fn write_line(
    id: i64,
    line: &Line,
    invoice: &Invoice,
    transaction: &mut Transaction,
) -> Result<u64, Error> {
    let (amount, tax, total) = line.totals(invoice.tax_rate);
    let text = "INSERT INTO DEMO_INVOICE_TABLE
                (ID, DELETED, MASTER_ID, MASTER_REC_ID, TRACK, QUANTITY, UNITPRICE, AMOUNT, TAX,
                 TOTAL, INVOICE_DATE, CUSTOMER)
                VALUES (coalesce($1, nextval('demo_invoice_table_id_seq')), 0, $2, $3, $4, $5, $6,
                 $7, $8, $9, $10, $11)
                ON CONFLICT (ID) DO UPDATE SET QUANTITY = $5, AMOUNT = $7, TAX = $8, TOTAL = $9";
    let Line { id: line, track, quantity, unit_price } = line;
    let Invoice { date, customer, .. } = invoice;
    transaction.execute(
        text,
        &[
            line, &MASTER_ID, &id, track, quantity, unit_price, &amount, &tax, &total, date,
            customer,
        ],
    )
}
