//! An HTTP service that handles one request at a time for each customer, and all customers in parallel.
//!
//! ```text
//! cargo run --example web_handler -- 127.0.0.1:8000
//! curl -X POST http://127.0.0.1:8000/customers/7/deposits/5
//! ```
//!
//! The attribute on `deposit` is all it takes: `customer_{id}` is a separate lock for each customer, a
//! request waits for it without blocking a thread, and stops waiting if its client disconnects. It also
//! works across processes, such as an old and a new version of the service. A request that has waited
//! for too long gets `503 Service Unavailable` with `Retry-After`.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::{env, fmt, fs};

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use jam_lock::{LockError, locked};
use tokio::net::TcpListener;

jam_lock::lock_names! {
    /// Held while the account of one customer is changed.
    "customer_{id}",
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    // The locks are in `locks`, or where JAM_LOCK says. They are opened before there are requests, because
    // those would have to wait for a database server to respond.
    jam_lock::default_locks()?;
    fs::create_dir_all("accounts")?;

    let router = Router::new().route("/customers/{id}/deposits/{amount}", post(handle));
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, router).await
}

async fn handle(Path((id, amount)): Path<(u32, i64)>) -> Result<String, HandlerError> {
    let balance = deposit(id, amount).await?;
    Ok(format!("{balance}\n"))
}

/// Reads, computes and writes the result, which is correct because no other process writes in between.
///
/// There is no `.await` in it: the section would end there if the client disconnects, while a write on
/// another thread, as `tokio::fs` does it, would continue without the lock.
#[locked("customer_{id}", timeout = 5)]
async fn deposit(id: u32, amount: i64) -> Result<i64, HandlerError> {
    let account = PathBuf::from(format!("accounts/{id}"));
    let balance = match fs::read_to_string(&account) {
        Ok(text) => text.trim().parse().map_err(HandlerError::internal)?,
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(HandlerError::internal(error)),
    };
    let balance: i64 = balance + amount;
    fs::write(&account, format!("{balance}\n")).map_err(HandlerError::internal)?;
    Ok(balance)
}

/// Why a request failed.
enum HandlerError {
    /// Other requests for the same customer were served all the time: the client can retry.
    Busy(LockError),
    Internal(String),
}

impl HandlerError {
    fn internal(error: impl fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<LockError> for HandlerError {
    fn from(error: LockError) -> Self {
        if error.is_timeout() { Self::Busy(error) } else { Self::internal(error) }
    }
}

/// The client learns whether it can retry; the holder of the lock is only logged.
impl IntoResponse for HandlerError {
    fn into_response(self) -> Response {
        match self {
            Self::Busy(error) => {
                eprintln!("{error}");
                let text = "another request for this customer is in progress, try again\n";
                (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], text).into_response()
            }
            Self::Internal(text) => {
                eprintln!("{text}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}
