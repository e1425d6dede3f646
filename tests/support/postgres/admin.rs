//! A connection on which a test runs queries of its own.

use std::fmt::Write as _;
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Error, NoTls, SimpleQueryMessage};

/// A connection for a test's own queries.
pub struct Admin {
    /// `None` only during the drop.
    runtime: Option<Runtime>,
    client: Client,
}

impl Admin {
    /// A connection to the server at `url`.
    pub fn connect(url: &str) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = block_on(&runtime, async {
            let (client, connection) =
                tokio_postgres::connect(url, NoTls).await.expect("the server is running");
            tokio::spawn(connection);
            client
        });
        Self { runtime: Some(runtime), client }
    }

    /// The rows of the result, with a space between columns.
    pub fn query(&self, sql: &str) -> Vec<String> {
        self.try_query(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    /// The rows of the result, with a space between columns.
    pub(super) fn try_query(&self, sql: &str) -> Result<Vec<String>, Error> {
        let messages = block_on(self.runtime(), self.client.simple_query(sql))?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let texts = rows.map(|row| {
            let mut text = String::new();
            for column in 0..row.len() {
                let space = if column == 0 { "" } else { " " };
                write!(text, "{space}{}", row.get(column).unwrap_or("-")).unwrap();
            }
            text
        });
        Ok(texts.collect())
    }

    /// The error of the server.
    pub fn query_error(&self, sql: &str) -> String {
        let result = block_on(self.runtime(), self.client.simple_query(sql));
        let error = result.expect_err("the query fails");
        error.as_db_error().expect("it is an error of the server").to_string()
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it exists until the drop")
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        // It may be dropped in a task, where dropping a runtime must not block.
        self.runtime.take().expect("it is dropped once").shutdown_background();
    }
}

/// Blocks on a thread of its own, so that it works within a task as well.
fn block_on<T: Send>(runtime: &Runtime, work: impl Future<Output = T> + Send) -> T {
    thread::scope(|scope| scope.spawn(|| runtime.block_on(work)).join().expect("it does not panic"))
}
