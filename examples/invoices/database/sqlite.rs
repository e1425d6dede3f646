//! A database file, for workers on one machine.

use std::path::Path;
use std::time::Duration;

use jam_lock::LockGuard;
use rusqlite::{Connection, OpenFlags, Row, Transaction, TransactionBehavior, params};

use super::{Database, DatabaseError};
use crate::catalogue::Catalogue;
use crate::invoice::{INVOICES, Invoice, Line, Writes};
use crate::verdict::Count;

/// How long a write waits for that of another process. Much longer than any write takes, because a run
/// shows lost updates and not a busy database.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// The columns of Jam.py's demo application that this program uses.
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

/// A connection to a database file.
#[derive(Debug)]
pub(crate) struct Sqlite(pub(super) Connection);

impl Sqlite {
    /// Opens the file at `path`.
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(Self(connection))
    }

    /// A database in memory.
    pub(crate) fn in_memory() -> rusqlite::Result<Self> {
        Connection::open_in_memory().map(Self)
    }

    /// The rows of `statement`, each converted by `read`.
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
    fn create(&mut self, catalogue: &Catalogue) -> Result<(), DatabaseError> {
        let writes = self.0.transaction()?;
        writes.execute_batch(TABLES)?;
        for (name, unit_price) in &catalogue.tracks {
            let text = "INSERT INTO DEMO_TRACKS (DELETED, NAME, UNITPRICE, TRACKS_SOLD)
                        VALUES (0, ?1, ?2, 0)";
            writes.prepare_cached(text)?.execute(params![name, unit_price])?;
        }
        for names in &catalogue.customers {
            let text =
                "INSERT INTO DEMO_CUSTOMERS (DELETED, FIRSTNAME, LASTNAME) VALUES (0, ?1, ?2)";
            writes.prepare_cached(text)?.execute(*names)?;
        }
        Ok(writes.commit()?)
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
        self.rows(text, [INVOICES, invoice], |row| {
            let (id, track, quantity) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Line { id, track, quantity, unit_price: row.get(3)? })
        })
    }

    fn tracks_sold(&mut self, track: i64) -> Result<i64, DatabaseError> {
        let text = "SELECT ifnull(TRACKS_SOLD, 0) FROM DEMO_TRACKS WHERE ID = ?1";
        Ok(self.0.prepare_cached(text)?.query_row([track], |row| row.get(0))?)
    }

    /// A file lock is never lost, so `_held` needs no check.
    fn write(&mut self, writes: &Writes, _held: Option<&LockGuard>) -> Result<(), DatabaseError> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let invoice = write_invoice(writes, &transaction)?;
        for line in writes.deleted() {
            let text = "UPDATE DEMO_INVOICE_TABLE SET DELETED = 1 WHERE ID = ?1";
            transaction.prepare_cached(text)?.execute([line.id])?;
        }
        for line in writes.written() {
            write_line(invoice, line, writes.invoice, &transaction)?;
        }
        for (track, sold) in writes.sold {
            let text = "UPDATE DEMO_TRACKS SET TRACKS_SOLD = ?2 WHERE ID = ?1";
            transaction.prepare_cached(text)?.execute([track, sold])?;
        }
        Ok(transaction.commit()?)
    }

    fn counts(&mut self) -> Result<Vec<Count>, DatabaseError> {
        let text = "
            SELECT track.ID, track.NAME, ifnull(track.TRACKS_SOLD, 0), ifnull(sum(line.QUANTITY), 0)
            FROM DEMO_TRACKS track
            LEFT JOIN DEMO_INVOICE_TABLE line ON line.TRACK = track.ID AND line.DELETED = 0
            GROUP BY track.ID ORDER BY track.ID";
        self.rows(text, [], |row| {
            let (id, name, counted) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Count { id, name, counted, sold: row.get(3)? })
        })
    }
}

/// Stores the invoice without its lines, and returns its `ID`.
fn write_invoice(writes: &Writes, transaction: &Transaction) -> rusqlite::Result<i64> {
    let Invoice { id, customer, date, tax_rate } = writes.invoice;
    let (subtotal, tax, total) = writes.totals();
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
        line, INVOICES, id, track, quantity, unit_price, amount, tax, total, date, customer
    ])
}
