//! Somebody who counts sales in a database while its server, and the way to it, fail.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::Duration;

use jam_lock::{Lock, LockError, LockGuard, LockName, Locks};
use jam_lock_tests::storm::clock;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls};

use super::{Outcome, Trouble};

/// Long enough that a fault always ends before.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sells `times` pieces under the lock of `locks`, each in a fenced transaction of `data`, and
/// writes to `log` when it was inside, and whether it was told that it had lost the lock.
pub(super) fn sell(locks: &str, data: &str, log: &Path, seller: i32, times: i32) -> Outcome {
    let mut shop = Shop { data, client: None, runtime: runtime()? };
    let lock = persist(|| Locks::at(locks))?.lock(LockName::new("sale")?).timeout(PATIENCE);
    let mut log = File::create_new(log)?;
    for piece in 0..times {
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
) -> Result<bool, Trouble> {
    let guard = match lock.acquire() {
        Ok(guard) => guard,
        Err(error) if is_fault(&error) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let since = clock();
    let is_sold = shop.sell(&guard, seller, piece);
    let until = clock();
    let told = match guard.release() {
        Ok(()) => "kept",
        Err(LockError::Lost { .. }) => "lost",
        Err(error) => return Err(error.into()),
    };
    writeln!(log, "{since} {until} {told}")?;
    Ok(is_sold)
}

/// What comes of a server that is not there.
fn is_fault(error: &LockError) -> bool {
    matches!(error, LockError::Engine { .. })
}

/// Tries until the server is there.
fn persist<T>(mut act: impl FnMut() -> Result<T, LockError>) -> Result<T, LockError> {
    loop {
        match act() {
            Err(error) if is_fault(&error) => thread::sleep(Duration::from_millis(10)),
            result => return result,
        }
    }
}

/// With a thread of its own, which rolls back what was refused while the seller waits for the lock: the
/// next holder begins after that.
fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(1).enable_all().build()
}

/// The data, and a connection to it for as long as that lasts.
struct Shop<'url> {
    data: &'url str,
    client: Option<Client>,
    runtime: Runtime,
}

impl Shop<'_> {
    /// Whether the piece is sold, by this or before.
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

async fn connect(data: &str) -> Result<Client, Trouble> {
    let (client, connection) = tokio_postgres::connect(data, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Reads how much was sold, thinks, and writes one more, unless that was done before: whether a
/// commit that was cut off has happened can only be seen.
async fn book(
    client: &mut Client,
    guard: &LockGuard,
    seller: i32,
    piece: i32,
) -> Result<(), Trouble> {
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
