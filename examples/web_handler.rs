//! An HTTP service that handles one request at a time for each customer, and customers in parallel.
//!
//! ```text
//! cargo run --example web_handler -- 127.0.0.1:8000
//! curl -X POST http://127.0.0.1:8000/customers/7/deposits/5
//! ```
//!
//! The attribute on `deposit` is all that this needs: `customer_{id}` is a separate lock for each
//! customer, a request waits for it without blocking a thread, and a client that disconnects stops
//! waiting. The lock also excludes other processes, such as a new version of the service that starts
//! before the old one ends. A request that waits too long gets `503 Service Unavailable`, with
//! `Retry-After`.

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
    // Opened now and not at the first request, which would otherwise wait until a server of locks
    // responds.
    jam_lock::default_locks()?;
    fs::create_dir_all("accounts")?;

    let router = Router::new().route("/customers/{id}/deposits/{amount}", post(handle));
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, router).await
}

async fn handle(Path((id, amount)): Path<(u32, i64)>) -> Result<String, DepositError> {
    let balance = deposit(id, amount).await?;
    Ok(format!("{balance}\n"))
}

/// Reads, computes, then writes the result: correct because nothing else writes in between.
///
/// It has no `.await`, at which the section would end if the client disconnected: a write on another
/// thread, such as by `tokio::fs`, would then continue without the lock.
#[locked("customer_{id}", timeout = 5)]
async fn deposit(id: u32, amount: i64) -> Result<i64, DepositError> {
    let account = PathBuf::from(format!("accounts/{id}"));
    let balance = match fs::read_to_string(&account) {
        Ok(text) => text.trim().parse().map_err(DepositError::failed)?,
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(DepositError::failed(error)),
    };
    let balance: i64 = balance + amount;
    fs::write(&account, format!("{balance}\n")).map_err(DepositError::failed)?;
    Ok(balance)
}

/// Why a deposit was not made.
enum DepositError {
    /// Other requests for the same customer took too long: the client can try again.
    Busy(LockError),
    Failed(String),
}

impl DepositError {
    fn failed(error: impl fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<LockError> for DepositError {
    fn from(error: LockError) -> Self {
        if error.is_timeout() { Self::Busy(error) } else { Self::failed(error) }
    }
}

/// The details of an error, such as the holder of the lock, go to the log and not to the client.
impl IntoResponse for DepositError {
    fn into_response(self) -> Response {
        match self {
            Self::Busy(error) => {
                eprintln!("{error}");
                let text = "other requests for this customer are in progress: try again\n";
                (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], text).into_response()
            }
            Self::Failed(text) => {
                eprintln!("{text}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}
