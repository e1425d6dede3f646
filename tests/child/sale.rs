//! A process that counts sales in a database while its server, and the network to it, fail.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::Duration;

use jam_lock::{Lock, LockError, LockGuard, LockName, Locks};
use jam_lock_tests::storm::clock;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls};

use crate::Result;

/// Long enough that a fault always ends before.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Sells pieces under a lock of `locks`, each in a fenced transaction of `data`, and writes to `log`
/// when it held the lock, and whether the guard reported that the lock was lost.
pub(crate) fn sell(locks: &Path, data: &str, log: &Path, seller: i32, pieces: i32) -> Result {
    let mut shop = Shop { data, client: None, runtime: runtime()? };
    let lock = retry(|| Locks::at(locks))?.lock(LockName::new("sale")?).timeout(TIMEOUT);
    let mut log = File::create_new(log)?;
    for piece in 0..pieces {
        while !sell_once(&lock, &mut shop, &mut log, seller, piece)? {
            thread::sleep(Duration::from_millis(10));
        }
    }
    Ok(())
}

/// Whether the piece is sold.
fn sell_once(
    lock: &Lock,
    shop: &mut Shop<'_>,
    log: &mut File,
    seller: i32,
    piece: i32,
) -> Result<bool> {
    let guard = match lock.acquire() {
        Ok(guard) => guard,
        Err(error) if is_fault(&error) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let since = clock();
    let is_sold = shop.sell(&guard, seller, piece);
    let until = clock();
    let outcome = match guard.release() {
        Ok(()) => "kept",
        Err(LockError::Lost { .. }) => "lost",
        Err(error) => return Err(error.into()),
    };
    writeln!(log, "{since} {until} {outcome}")?;
    Ok(is_sold)
}

/// Whether the server was unavailable.
fn is_fault(error: &LockError) -> bool {
    matches!(error, LockError::Engine { .. })
}

/// Retries until the server is available.
fn retry<T>(mut call: impl FnMut() -> Result<T, LockError>) -> Result<T, LockError> {
    loop {
        match call() {
            Err(error) if is_fault(&error) => thread::sleep(Duration::from_millis(10)),
            result => return result,
        }
    }
}

/// It has a thread of its own, which rolls a refused transaction back while the seller waits for
/// the lock, so that the next holder begins after that.
fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(1).enable_all().build()
}

/// The data, and a connection to it unless that has failed.
struct Shop<'url> {
    data: &'url str,
    client: Option<Client>,
    runtime: Runtime,
}

impl Shop<'_> {
    /// Whether the piece is sold, now or before.
    fn sell(&mut self, guard: &LockGuard, seller: i32, piece: i32) -> bool {
        let Self { data, client, runtime } = self;
        let sold = runtime.block_on(async {
            let connected = match client {
                Some(client) => client,
                None => client.insert(connect(data).await?),
            };
            book(connected, guard, seller, piece).await
        });
        if sold.is_err() {
            *client = None;
        }
        sold.is_ok()
    }
}

async fn connect(data: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(data, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Adds one to the number of pieces sold, unless an earlier commit has done that: if the connection is
/// cut during a commit, only the table shows whether it happened.
async fn book(client: &mut Client, guard: &LockGuard, seller: i32, piece: i32) -> Result {
    let transaction = client.transaction().await?;
    guard.fence(&transaction).await?;
    let find = "SELECT 1 FROM sale WHERE seller = $1 AND piece = $2";
    if !transaction.query(find, &[&seller, &piece]).await?.is_empty() {
        return Ok(());
    }
    let sold: i32 = transaction.query_one("SELECT sold FROM stock", &[]).await?.get(0);
    transaction.execute("UPDATE stock SET sold = $1", &[&(sold + 1)]).await?;
    transaction.execute("INSERT INTO sale VALUES ($1, $2)", &[&seller, &piece]).await?;
    Ok(transaction.commit().await?)
}
