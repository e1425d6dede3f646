//! A run's own tables in a database of PostgreSQL, among what somebody else has there.

use postgres::{Client, Error, NoTls};

use super::{DatabaseError, Postgres};
use crate::catalogue;

/// Tables that are removed with it.
pub(crate) struct Schema {
    name: String,
    server: Client,
    /// Where the tables are.
    pub(crate) database: String,
    /// Where the locks are: in the same place, apart from the locks of others.
    pub(crate) locks: String,
}

impl Schema {
    /// Makes a catalogue in the database that `url` names.
    pub(crate) fn make(url: &str) -> Result<Self, DatabaseError> {
        let name = format!("invoices_{:016x}", fastrand::u64(..));
        let mut server = Client::connect(url, NoTls)?;
        server.batch_execute(&format!("CREATE SCHEMA {name}"))?;
        let separator = if url.contains('?') { '&' } else { '?' };
        let database = format!("{url}{separator}options=-csearch_path%3D{name}");
        let locks = format!("{database}&namespace={name}");
        let schema = Self { name, server, database, locks };
        catalogue::make(&mut Postgres::open(&schema.database)?)?;
        Ok(schema)
    }

    fn remove(&mut self) -> Result<(), Error> {
        self.server.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.name))
    }
}

/// By which time no worker lives.
impl Drop for Schema {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            eprintln!("invoices: the schema {} cannot be removed: {error}", self.name);
        }
    }
}
