//! The statement for other clients.

use std::process::Command;

use jam_lock_tests::output::{printed, run_to_end};
use jam_lock_tests::postgres::programs;

use super::*;

#[test]
fn it_holds_the_lock_until_the_transaction_ends() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    let statement = lock.transaction_statement().unwrap();
    let before = lock.acquire().unwrap().token();
    let admin = server.admin();
    admin.query("BEGIN");
    let row = admin.query(&statement);
    assert!(lock.try_acquire().unwrap_err().is_timeout());
    admin.query("COMMIT");
    let after = lock.try_acquire().unwrap().token();
    let token = row[0].split(' ').next().unwrap().parse().unwrap();
    assert!(before < token && token < after, "{before} < {token} < {after}");
}

#[test]
fn a_client_that_prepares_it_gets_the_token() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let statement = free_standing(&url).timeout(10).statement().unwrap();
    drop(locks(&url));
    with_client(&url, async |mut client| {
        client.batch_execute("SET lock_timeout = '7s'").await.unwrap();
        let transaction = client.transaction().await.unwrap();
        let row = transaction.query_one(&statement, &[]).await.unwrap();
        assert!(row.get::<_, i64>("token") > 0);
        assert_eq!(row.get::<_, Option<String>>("abandoned_by"), None);
        let row = transaction.query_one("SHOW lock_timeout", &[]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), "7s");
    });
}

#[test]
fn psql_can_run_it() {
    let (Some(server), Some(programs)) = (Server::shared(), programs()) else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    let psql = |statement: &str| {
        let mut command = Command::new(programs.join("psql"));
        command.args(["-XAtq", "-d", &server.url(), "-c", statement]);
        printed(&run_to_end(&mut command))
    };
    let statement = lock.timeout(0).transaction_statement().unwrap();
    let token = |row: String| row.split('|').next().unwrap().parse::<u64>().unwrap();
    let first = token(psql(&statement));
    assert!(token(psql(&statement)) > first);
    let guard = lock.acquire().unwrap();
    assert!(guard.token() > first);
    assert_eq!(psql(&statement), "", "it is held");
}

#[test]
fn names_and_namespaces_are_quoted() {
    let Some(server) = Server::shared() else { return };
    drop(locks(&server.url()));
    let admin = server.admin();
    for setting in ["on", "off"] {
        admin.query(&format!("SET standard_conforming_strings = {setting}"));
        let lock = TransactionLock::new(lock_name("o'clock")).namespace("a\\'b; --");
        assert_eq!(admin.query(&lock.timeout(0).statement().unwrap()).len(), 1);
    }
    let names = "SELECT DISTINCT namespace, name FROM jam_lock WHERE name = 'o''clock'";
    assert_eq!(server.query(names), ["a\\'b; -- o'clock"]);
}
