//! A database in a file, for processes of one machine.

use std::path::Path;
use std::time::Duration;

use jam_lock::LockGuard;
use rusqlite::{Connection, OpenFlags, Row, Transaction, TransactionBehavior, params};

use super::{Catalogue, Database, DatabaseError, TrackSales};
use crate::invoice::{Invoice, InvoiceUpdate, Line, MASTER_ID};

/// How long a write waits for those of other processes: so long that none fails for this reason.
const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// The tables of Jam.py's demo application, with the columns that this program uses.
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

/// A connection to a database in a file or in memory.
#[derive(Debug)]
pub(crate) struct Sqlite(Connection);

impl Sqlite {
    /// Opens the file at `path`.
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// Opens the file at `path` for reading only.
    pub(crate) fn open_read_only(path: &Path) -> rusqlite::Result<Self> {
        Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    /// Creates a database in memory, which no other process can use.
    pub(crate) fn in_memory() -> rusqlite::Result<Self> {
        Connection::open_in_memory().map(Self)
    }

    /// Copies the database into a new file.
    pub(crate) fn copy_to(&self, path: &Path) -> rusqlite::Result<()> {
        let path = path.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(path.to_owned()))?;
        self.0.execute("VACUUM INTO ?1", [path])?;
        Ok(())
    }

    /// Whether the table exists.
    pub(crate) fn has_table(&self, table: &str) -> rusqlite::Result<bool> {
        self.0.table_exists(None, table)
    }

    /// Whether all rows of the table are marked as deleted, if there are any.
    pub(crate) fn is_empty(&self, table: &str) -> rusqlite::Result<bool> {
        let text = format!("SELECT count(*) FROM {table} WHERE DELETED = 0");
        Ok(self.0.query_row(&text, [], |row| row.get::<_, i64>(0))? == 0)
    }

    fn open_with(path: &Path, access: OpenFlags) -> rusqlite::Result<Self> {
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(Self(connection))
    }

    /// Runs a query, and converts each row with `read`.
    fn rows<T>(
        &self,
        statement: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, DatabaseError> {
        let mut statement = self.0.prepare_cached(statement)?;
        let rows = statement.query_map(values, read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Database for Sqlite {
    fn create_tables(&mut self, catalogue: &Catalogue) -> Result<(), DatabaseError> {
        let transaction = self.0.transaction()?;
        transaction.execute_batch(TABLES)?;
        for (name, unit_price) in &catalogue.tracks {
            let text = "INSERT INTO DEMO_TRACKS (DELETED, NAME, UNITPRICE, TRACKS_SOLD)
                        VALUES (0, ?1, ?2, 0)";
            transaction.prepare_cached(text)?.execute(params![name, unit_price])?;
        }
        for names in &catalogue.customers {
            let text =
                "INSERT INTO DEMO_CUSTOMERS (DELETED, FIRSTNAME, LASTNAME) VALUES (0, ?1, ?2)";
            transaction.prepare_cached(text)?.execute(*names)?;
        }
        Ok(transaction.commit()?)
    }

    fn customers(&mut self) -> Result<Vec<i64>, DatabaseError> {
        let text = "SELECT ID FROM DEMO_CUSTOMERS WHERE DELETED = 0 ORDER BY ID";
        self.rows(text, [], |row| row.get(0))
    }

    fn tracks(&mut self) -> Result<Vec<(i64, f64)>, DatabaseError> {
        let text = "SELECT ID, UNITPRICE FROM DEMO_TRACKS WHERE DELETED = 0 ORDER BY ID";
        self.rows(text, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn latest_invoices(&mut self) -> Result<Vec<i64>, DatabaseError> {
        let text = "SELECT ID FROM DEMO_INVOICES WHERE DELETED = 0 ORDER BY ID DESC LIMIT 20";
        self.rows(text, [], |row| row.get(0))
    }

    fn invoice(&mut self, id: i64) -> Result<Invoice, DatabaseError> {
        let text = "SELECT CUSTOMER, INVOICE_DATE, TAXRATE FROM DEMO_INVOICES WHERE ID = ?1";
        let mut statement = self.0.prepare_cached(text)?;
        Ok(statement.query_row([id], |row| {
            let (customer, date, tax_rate) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Invoice { id: Some(id), customer, date, tax_rate })
        })?)
    }

    fn lines(&mut self, invoice: i64) -> Result<Vec<Line>, DatabaseError> {
        let text = "SELECT ID, TRACK, QUANTITY, UNITPRICE FROM DEMO_INVOICE_TABLE
                    WHERE MASTER_ID = ?1 AND MASTER_REC_ID = ?2 AND DELETED = 0 ORDER BY ID";
        self.rows(text, [MASTER_ID, invoice], |row| {
            let (id, track, quantity) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Line { id, track, quantity, unit_price: row.get(3)? })
        })
    }

    fn tracks_sold(&mut self, track: i64) -> Result<i64, DatabaseError> {
        let text = "SELECT ifnull(TRACKS_SOLD, 0) FROM DEMO_TRACKS WHERE ID = ?1";
        Ok(self.0.prepare_cached(text)?.query_row([track], |row| row.get(0))?)
    }

    /// Ignores the guard, because the lock is a file and cannot be lost.
    fn store(
        &mut self,
        update: &InvoiceUpdate,
        _guard: Option<&LockGuard>,
    ) -> Result<(), DatabaseError> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let invoice = write_invoice(update, &transaction)?;
        for line in update.deleted_lines() {
            let text = "UPDATE DEMO_INVOICE_TABLE SET DELETED = 1 WHERE ID = ?1";
            transaction.prepare_cached(text)?.execute([line.id])?;
        }
        for line in update.changed_lines() {
            write_line(invoice, line, update.invoice, &transaction)?;
        }
        for (track, sold) in update.tracks_sold {
            let text = "UPDATE DEMO_TRACKS SET TRACKS_SOLD = ?2 WHERE ID = ?1";
            transaction.prepare_cached(text)?.execute([track, sold])?;
        }
        Ok(transaction.commit()?)
    }

    fn track_sales(&mut self) -> Result<Vec<TrackSales>, DatabaseError> {
        let text = "
            SELECT track.ID, track.NAME, ifnull(track.TRACKS_SOLD, 0), ifnull(sum(line.QUANTITY), 0)
            FROM DEMO_TRACKS track
            LEFT JOIN DEMO_INVOICE_TABLE line ON line.TRACK = track.ID AND line.DELETED = 0
            GROUP BY track.ID ORDER BY track.ID";
        self.rows(text, [], |row| {
            let (id, name, tracks_sold) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(TrackSales { id, name, tracks_sold, sum_of_lines: row.get(3)? })
        })
    }
}

/// Stores the invoice without its lines, and returns its `ID`.
fn write_invoice(update: &InvoiceUpdate, transaction: &Transaction) -> rusqlite::Result<i64> {
    let Invoice { id, customer, date, tax_rate } = update.invoice;
    let (subtotal, tax, total) = update.totals();
    let text = "INSERT INTO DEMO_INVOICES
                (ID, DELETED, CUSTOMER, INVOICE_DATE, SUBTOTAL, TAXRATE, TAX, TOTAL)
                VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7)
                ON CONFLICT (ID) DO UPDATE SET SUBTOTAL = ?4, TAX = ?6, TOTAL = ?7
                RETURNING ID";
    let values = params![id, customer, date, subtotal, tax_rate, tax, total];
    transaction.prepare_cached(text)?.query_row(values, |row| row.get(0))
}

fn write_line(
    id: i64,
    line: &Line,
    invoice: &Invoice,
    transaction: &Transaction,
) -> rusqlite::Result<usize> {
    let (amount, tax, total) = line.totals(invoice.tax_rate);
    let text = "INSERT INTO DEMO_INVOICE_TABLE
                (ID, DELETED, MASTER_ID, MASTER_REC_ID, TRACK, QUANTITY, UNITPRICE, AMOUNT, TAX,
                 TOTAL, INVOICE_DATE, CUSTOMER)
                VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                ON CONFLICT (ID) DO UPDATE SET QUANTITY = ?5, AMOUNT = ?7, TAX = ?8, TOTAL = ?9";
    let Line { id: line, track, quantity, unit_price } = line;
    let Invoice { date, customer, .. } = invoice;
    transaction.prepare_cached(text)?.execute(params![
        line, MASTER_ID, id, track, quantity, unit_price, amount, tax, total, date, customer
    ])
}
