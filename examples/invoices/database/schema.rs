//! A schema for the tables of a run in a PostgreSQL database that has other tables as well.

use postgres::{Client, Error, NoTls};

use super::{DatabaseError, Postgres};
use crate::catalogue;

/// A schema, which is removed on drop.
pub(crate) struct Schema {
    name: String,
    server: Client,
    /// The URL of the tables.
    pub(crate) database: String,
    /// The URL of the locks, in a namespace of their own.
    pub(crate) locks: String,
}

impl Schema {
    /// Creates the schema, with the generated catalogue in it, in the database at `url`.
    pub(crate) fn create(url: &str) -> Result<Self, DatabaseError> {
        let name = format!("invoices_{:016x}", fastrand::u64(..));
        let mut server = Client::connect(url, NoTls)?;
        server.batch_execute(&format!("CREATE SCHEMA {name}"))?;
        let separator = if url.contains('?') { '&' } else { '?' };
        let database = format!("{url}{separator}options=-csearch_path%3D{name}");
        let locks = format!("{database}&namespace={name}");
        let schema = Self { name, server, database, locks };
        catalogue::create(&mut Postgres::open(&schema.database)?)?;
        Ok(schema)
    }

    fn remove(&mut self) -> Result<(), Error> {
        self.server.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.name))
    }
}

/// All workers have exited by then.
impl Drop for Schema {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            eprintln!("invoices: cannot remove the schema {}: {error}", self.name);
        }
    }
}
