//! A service of several processes, on one or more machines, with its data and locks in PostgreSQL.
//!
//! ```text
//! cargo run --example service -- postgres://app@db1/shop
//! ```
//!
//! Three workers book transfers, one at a time for each account. The first worker that finds all of
//! them booked settles the day. The attributes are all the locking that this needs. A worker that was
//! disconnected from the server may not know yet that it has lost a lock: `held.fence(…)`, in the
//! transaction that writes, then prevents it from writing.

use std::env;
use std::error::Error;
use std::process::{Child, Command};

use jam_lock::{Locks, locked, set_default_locks};
use tokio_postgres::{Client, NoTls};

jam_lock::lock_names! {
    /// Held while the day is settled.
    "settlement",
    /// Held while a transfer to one account is booked.
    "account_{id}",
}

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

const WORKERS: i64 = 3;

/// The tables, in a schema that each run creates anew.
const TABLES: &str = "
    DROP SCHEMA IF EXISTS service_example CASCADE;
    CREATE SCHEMA service_example;
    SET search_path TO service_example;
    CREATE TABLE account (id bigint PRIMARY KEY, balance bigint NOT NULL);
    CREATE TABLE transfer (id bigint PRIMARY KEY, account bigint NOT NULL, amount bigint NOT NULL,
                           booked boolean NOT NULL DEFAULT false);
    CREATE TABLE settlement (worker bigint NOT NULL, total bigint NOT NULL);
    INSERT INTO account SELECT id, 0 FROM generate_series(1, 4) AS id;
    INSERT INTO transfer SELECT id, 1 + id % 4, id FROM generate_series(1, 120) AS id;
";

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [url] => supervise(url).await,
        [url, worker] => work(url, worker.parse()?).await,
        _ => Err("give the URL of the database, such as postgres://user@host/database".into()),
    }
}

/// Creates the tables and starts the workers, which could also run on other machines.
async fn supervise(url: &str) -> Result<()> {
    let client = connect(url).await?;
    client.batch_execute(TABLES).await?;
    let start =
        |worker: i64| Command::new(env::current_exe()?).arg(url).arg(worker.to_string()).spawn();
    let workers = (0..WORKERS).map(start).collect::<Result<Vec<Child>, _>>()?;
    let mut all_succeeded = true;
    for mut worker in workers {
        all_succeeded &= worker.wait()?.success();
    }
    if !all_succeeded {
        return Err("a worker failed".into());
    }
    for row in client.query("SELECT id, balance FROM account ORDER BY id", &[]).await? {
        println!("account {}: {}", row.get::<_, i64>(0), row.get::<_, i64>(1));
    }
    Ok(())
}

/// Books the transfers of this worker, then settles the day if all are booked.
async fn work(url: &str, worker: i64) -> Result<()> {
    set_default_locks(Locks::connect(url)?)?;
    let mut client = connect(url).await?;
    let transfers = "SELECT id, account, amount FROM transfer WHERE id % $1 = $2 ORDER BY id";
    for row in client.query(transfers, &[&WORKERS, &worker]).await? {
        let (transfer, account, amount) = (row.get(0), row.get(1), row.get(2));
        book(&mut client, account, transfer, amount).await?;
    }
    settle(&mut client, worker).await
}

/// Reads, computes, then writes the result: correct because nothing else writes in between.
#[locked("account_{id}", timeout = 10, guard = held)]
async fn book(client: &mut Client, id: i64, transfer: i64, amount: i64) -> Result<()> {
    let balance = "SELECT balance FROM account WHERE id = $1";
    let balance: i64 = client.query_one(balance, &[&id]).await?.get(0);
    let balance = balance + amount;

    let transaction = client.transaction().await?;
    held.fence(&transaction).await?;
    transaction.execute("UPDATE account SET balance = $2 WHERE id = $1", &[&id, &balance]).await?;
    transaction.execute("UPDATE transfer SET booked = true WHERE id = $1", &[&transfer]).await?;
    Ok(transaction.commit().await?)
}

/// Settles the day, once: if some transfers are not booked yet, another worker does it later.
#[locked("settlement", timeout = 10, guard = held)]
async fn settle(client: &mut Client, worker: i64) -> Result<()> {
    let is_due = "SELECT (SELECT bool_and(booked) FROM transfer)
                         AND NOT EXISTS (SELECT FROM settlement)";
    if !client.query_one(is_due, &[]).await?.get::<_, bool>(0) {
        return Ok(());
    }
    let transaction = client.transaction().await?;
    held.fence(&transaction).await?;
    let settle = "INSERT INTO settlement SELECT $1, sum(balance) FROM account RETURNING total";
    let total: i64 = transaction.query_one(settle, &[&worker]).await?.get(0);
    transaction.commit().await?;
    println!("settled by worker {worker}: {total} in all");
    Ok(())
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute("SET search_path TO service_example").await?;
    Ok(client)
}
