//! An HTTP service with axum, whose data and locks are in one PostgreSQL database.
//!
//! ```text
//! cargo run --example web_database -- postgres://app@db1/shop 127.0.0.1:8000
//! curl -X POST http://127.0.0.1:8000/customers/7/orders
//! ```
//!
//! A customer may have three open orders. A handler that counts them and then adds one would let more in if
//! two requests came at once, in this process or in another one. With the attribute, requests of one customer
//! wait for each other, and those of others do not.

use std::env;
use std::error::Error;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use jam_lock::{LockError, Locks, locked, set_default_locks};
use tokio::net::TcpListener;
use tokio_postgres::{Client, NoTls};

jam_lock::lock_names! {
    /// Held while an order of one customer is added.
    "customer_{id}",
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS web_database_order (customer bigint NOT NULL)";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, address] = &arguments[..] else {
        return Err("give the URL of the database, and the address to listen on".into());
    };
    set_default_locks(Locks::connect(url)?)?;
    let database = Database { url: url.clone() };
    database.connect().await?.batch_execute(TABLE).await?;

    let router = Router::new().route("/customers/{id}/orders", post(order)).with_state(database);
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

/// Adds an order, and returns how many the customer has.
#[locked("customer_{id}", timeout = 5, guard = held)]
async fn order(State(database): State<Database>, Path(id): Path<i64>) -> Result<String, Failure> {
    let mut client = database.connect().await?;
    let transaction = client.transaction().await?;
    // If this process is cut off and has lost the lock, it writes nothing.
    held.fence(&transaction).await?;
    let count = "SELECT count(*) FROM web_database_order WHERE customer = $1";
    let open: i64 = transaction.query_one(count, &[&id]).await?.get(0);
    if open == 3 {
        return Err(Failure(StatusCode::CONFLICT, "there are three open orders".to_owned()));
    }
    transaction.execute("INSERT INTO web_database_order VALUES ($1)", &[&id]).await?;
    transaction.commit().await?;
    Ok(format!("{}\n", open + 1))
}

/// The database; a service with many requests would have a pool of connections here.
#[derive(Clone)]
struct Database {
    url: String,
}

impl Database {
    async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }
}

/// Why there is no order: what the client sees, and what the log shows.
struct Failure(StatusCode, String);

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        let is_timeout = error.is_timeout();
        let status = if is_timeout {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        };
        Self(status, error.to_string())
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        eprintln!("{}", self.1);
        self.0.into_response()
    }
}
