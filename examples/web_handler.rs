//! An HTTP service that works for each customer one request at a time, and for all of them at once.
//!
//! ```text
//! cargo run --example web_handler -- 127.0.0.1:8000
//! curl -X POST http://127.0.0.1:8000/customers/7/deposits/5
//! ```
//!
//! The attribute on `deposit` is all there is to it: `customer_{id}` is a lock of its own for each
//! customer, a request waits for it without blocking a thread, and a client that goes away stops
//! waiting. It holds among several processes as well, say of an old and a new version. A request
//! that has waited for too long is answered `503 Service Unavailable`, with `Retry-After`.

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
    // The locks are in `locks`, or where JAM_LOCK says: opened before there are requests, which would
    // wait for a server to answer.
    jam_lock::default_locks()?;
    fs::create_dir_all("accounts")?;

    let router = Router::new().route("/customers/{id}/deposits/{amount}", post(handle));
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, router).await
}

async fn handle(Path((id, amount)): Path<(u32, i64)>) -> Result<String, Refusal> {
    let balance = deposit(id, amount).await?;
    Ok(format!("{balance}\n"))
}

/// Reads, computes, then writes what was computed: right because nobody else writes in between.
///
/// There is no `.await` in it. At one, a client that goes away ends the section, while a write that was
/// handed to another thread, as `tokio::fs` does, would go on without the lock.
#[locked("customer_{id}", timeout = 5)]
async fn deposit(id: u32, amount: i64) -> Result<i64, Refusal> {
    let account = PathBuf::from(format!("accounts/{id}"));
    let balance = match fs::read_to_string(&account) {
        Ok(text) => text.trim().parse().map_err(Refusal::trouble)?,
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(Refusal::trouble(error)),
    };
    let balance: i64 = balance + amount;
    fs::write(&account, format!("{balance}\n")).map_err(Refusal::trouble)?;
    Ok(balance)
}

/// Why a request was not served.
enum Refusal {
    /// Others were served for the same customer all the time: it is worth trying again.
    Busy(LockError),
    Trouble(String),
}

impl Refusal {
    fn trouble(error: impl fmt::Display) -> Self {
        Self::Trouble(error.to_string())
    }
}

impl From<LockError> for Refusal {
    fn from(error: LockError) -> Self {
        if error.is_timeout() { Self::Busy(error) } else { Self::trouble(error) }
    }
}

/// Who waited in vain is told to come back; who it waited for is for the log.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Busy(error) => {
                eprintln!("{error}");
                let text = "this customer is being served, try again\n";
                (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], text).into_response()
            }
            Self::Trouble(text) => {
                eprintln!("{text}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}
