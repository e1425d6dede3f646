//! Prepares a PostgreSQL database for a run: the tables are in a schema of their own.

use postgres::{Client, Error, NoTls};

use crate::database::{self, DatabaseError};
use crate::demo_data;

/// A schema with the tables of one run, which is removed on drop.
pub(crate) struct TemporarySchema {
    name: String,
    client: Client,
    /// The URL of the tables.
    pub(crate) database: String,
    /// The URL of the locks: with a namespace of their own in the database's table, which stays.
    pub(crate) locks: String,
}

impl TemporarySchema {
    /// Creates the schema in the database at `url`, and fills it with demo data.
    pub(crate) fn create(url: &str) -> Result<Self, DatabaseError> {
        let name = format!("invoices_{:016x}", fastrand::u64(..));
        let mut client = Client::connect(url, NoTls)?;
        client.batch_execute(&format!("CREATE SCHEMA {name}"))?;
        let separator = if url.contains('?') { '&' } else { '?' };
        let database = format!("{url}{separator}options=-csearch_path%3D{name}");
        let locks = format!("{url}{separator}namespace={name}");
        let schema = Self { name, client, database, locks };
        demo_data::create(&mut *database::open(&schema.database)?)?;
        Ok(schema)
    }

    fn remove(&mut self) -> Result<(), Error> {
        let find = "SELECT to_regclass('jam_lock') IS NOT NULL";
        if self.client.query_one(find, &[])?.try_get(0)? {
            self.client.execute("DELETE FROM jam_lock WHERE namespace = $1", &[&self.name])?;
        }
        self.client.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.name))
    }
}

impl Drop for TemporarySchema {
    /// All workers have ended by now.
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            eprintln!("invoices: cannot remove the schema {}: {error}", self.name);
        }
    }
}
