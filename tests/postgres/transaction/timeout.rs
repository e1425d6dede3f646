//! A timeout ends the wait, and nothing else.

use std::time::Duration;

use super::*;

const SHORT: Duration = Duration::from_millis(200);

#[test]
fn it_leaves_the_transaction_as_it_was() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a").timeout(SHORT);
    server.query("CREATE TABLE IF NOT EXISTS written (url text)");
    let child = Child::holding(&url, "a");
    with_client(&url, async |mut client| {
        let transaction = client.transaction().await.unwrap();
        let write = "INSERT INTO written VALUES ($1)";
        transaction.execute(write, &[&url]).await.unwrap();
        transaction.batch_execute("SET LOCAL lock_timeout = '7s'").await.unwrap();
        match lock.acquire_in(&transaction).await {
            Err(LockError::Timeout { waited, holder: Some(holder), .. }) => {
                assert!(waited >= SHORT);
                assert_eq!(holder.process(), Some(child.id()));
            }
            other => panic!("expected a timeout with its holder, got {other:?}"),
        }
        child.release();
        acquire(&lock, &transaction).await;
        let row = transaction.query_one("SHOW lock_timeout", &[]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), "7s");
        transaction.commit().await.unwrap();
        assert_eq!(server.query(&format!("SELECT 1 FROM written WHERE url = '{url}'")).len(), 1);
    });
}

#[test]
fn it_names_a_transaction_by_its_session() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    with_client(&url, async |mut client| {
        client.batch_execute("SET application_name = 'till 7'").await.unwrap();
        let transaction = client.transaction().await.unwrap();
        acquire(&lock, &transaction).await;
        let row = transaction.query_one("SELECT pg_backend_pid()", &[]).await.unwrap();
        let name = format!(
            "a transaction of till 7 on 127.0.0.1 (server process {})",
            row.get::<_, i32>(0)
        );
        let text = lock.try_acquire().unwrap_err().to_string();
        assert!(text.contains(&format!("held by {name}")), "{text}");
        let mut other = super::client(&url).await;
        let waiting = other.transaction().await.unwrap();
        let error = lock.timeout(SHORT).acquire_in(&waiting).await.unwrap_err();
        assert!(error.to_string().contains(&name), "{error}");
    });
}

#[test]
fn it_also_ends_a_wait_for_a_fenced_transaction() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    let guard = lock.acquire().unwrap();
    let admin = server.admin();
    admin.query(&format!("BEGIN; {}", guard.fence_statement().unwrap()));
    end_sessions(server, &url, "a");
    drop(guard);
    wait_until("it is free", || !is_held(server, &url, "a"));
    with_client(&url, async |mut client| {
        let transaction = client.transaction().await.unwrap();
        for lock in [lock.clone(), lock.shared()] {
            for timeout in [Duration::ZERO, SHORT] {
                let error = lock.timeout(timeout).acquire_in(&transaction).await.unwrap_err();
                assert!(error.is_timeout(), "{error}");
            }
        }
        assert!(!is_held(server, &url, "a"), "the grant was undone");
        admin.query("COMMIT");
        acquire(&lock, &transaction).await;
    });
}

#[test]
fn a_dropped_wait_is_ended_by_the_cancel_token_and_a_rollback() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = used_lock(&url);
    let child = Child::holding(&url, "a");
    with_client(&url, async |mut client| {
        let cancel = client.cancel_token();
        let transaction = client.transaction().await.unwrap();
        let waiting = Box::pin(lock.acquire_in(&transaction));
        let polled = smol::future::poll_once(waiting).await;
        assert!(polled.is_none());
        wait_until("it waits", || is_waited_for(server, &url, "a"));
        cancel.cancel_query(NoTls).await.unwrap();
        transaction.rollback().await.unwrap();
        assert!(!is_waited_for(server, &url, "a"));
        child.release();
        let transaction = client.transaction().await.unwrap();
        acquire(&lock, &transaction).await;
    });
}
