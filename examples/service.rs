//! A service of several processes, on one machine or many, with its data and locks in PostgreSQL.
//!
//! ```text
//! cargo run --example service -- postgres://app@db1/shop
//! ```
//!
//! Three workers book transfers to a few accounts, one at a time for each account, and the first one
//! that finds all transfers booked settles the day. Two attributes are all it takes. A worker that was
//! cut off from the server may not know yet that it has lost its lock: `guard.fence(…)` in the writing
//! transaction keeps it from writing then.

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

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const WORKERS: i64 = 3;

/// In a schema of their own, which each run creates anew.
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
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [url] => supervise(url).await,
        [url, worker] => work(url, worker.parse()?).await,
        _ => Err("usage: service postgres://USER@HOST/DATABASE".into()),
    }
}

/// Creates the tables, and starts the workers, which could run on other machines as well.
async fn supervise(url: &str) -> Outcome<()> {
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
        return Err("a worker has failed".into());
    }
    for row in client.query("SELECT id, balance FROM account ORDER BY id", &[]).await? {
        println!("account {}: {}", row.get::<_, i64>(0), row.get::<_, i64>(1));
    }
    Ok(())
}

/// Books the transfers of this worker, and settles the day if that is due.
async fn work(url: &str, worker: i64) -> Outcome<()> {
    set_default_locks(Locks::connect(url)?)?;
    let mut client = connect(url).await?;
    let mine = "SELECT id, account, amount FROM transfer WHERE id % $1 = $2 ORDER BY id";
    for row in client.query(mine, &[&WORKERS, &worker]).await? {
        let (transfer, account, amount) = (row.get(0), row.get(1), row.get(2));
        book(&mut client, account, transfer, amount).await?;
    }
    settle(&mut client, worker).await
}

/// Reads, computes and writes the result, which is correct because no other process writes in between.
#[locked("account_{id}", timeout = 10, guard = held)]
async fn book(client: &mut Client, id: i64, transfer: i64, amount: i64) -> Outcome<()> {
    let balance = "SELECT balance FROM account WHERE id = $1";
    let balance: i64 = client.query_one(balance, &[&id]).await?.get(0);
    let balance = balance + amount;

    let transaction = client.transaction().await?;
    held.fence(&transaction).await?;
    transaction.execute("UPDATE account SET balance = $2 WHERE id = $1", &[&id, &balance]).await?;
    transaction.execute("UPDATE transfer SET booked = true WHERE id = $1", &[&transfer]).await?;
    Ok(transaction.commit().await?)
}

/// Settles the day once. If a transfer is not booked yet, another worker does that later.
#[locked("settlement", timeout = 10, guard = held)]
async fn settle(client: &mut Client, worker: i64) -> Outcome<()> {
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

async fn connect(url: &str) -> Outcome<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute("SET search_path TO service_example").await?;
    Ok(client)
}
