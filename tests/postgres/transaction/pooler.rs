//! Through a pooler that gives each transaction another session of the server.

use jam_lock_tests::pooler::Pooler;

use super::*;

/// How many clients there are, and how often each adds to the counter.
const CLIENTS: usize = 6;
const TIMES: usize = 20;

#[test]
fn it_excludes_behind_a_transaction_pooler() {
    let Some(server) = Server::shared() else { return };
    let settings = "pool_mode = transaction\ndefault_pool_size = 4\nserver_round_robin = 1";
    let Some(pooler) = Pooler::start_with(server, settings) else { return };
    let url = server.namespace();
    drop(locks(&url));
    server.query("CREATE TABLE counter (value int8); INSERT INTO counter VALUES (0)");
    with_client(&url, async |_| {
        let clients = (0..CLIENTS).map(|_| {
            let (url, pooled_url) = (url.clone(), server.url_at(pooler.port()));
            tokio::spawn(async move {
                let (mut client, mut last) = (client(&pooled_url).await, 0);
                for _ in 0..TIMES {
                    let transaction = client.transaction().await.unwrap();
                    let lock = free_standing(&url).timeout(LONG);
                    let token = lock.acquire_in(&transaction).await.unwrap().token();
                    assert!(token > last, "{token} follows {last}");
                    last = token;
                    add_one(&transaction).await;
                    transaction.commit().await.unwrap();
                }
            })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.unwrap();
        }
    });
    assert_eq!(server.query_one("SELECT value FROM counter"), (CLIENTS * TIMES).to_string());
}

/// Reads the counter, and writes it back, as only one may at a time.
async fn add_one(transaction: &Transaction<'_>) {
    let messages = transaction.simple_query("SELECT value FROM counter").await.unwrap();
    let value = messages.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0)?.parse::<usize>().ok(),
        _ => None,
    });
    let update = format!("UPDATE counter SET value = {}", value.unwrap() + 1);
    transaction.batch_execute(&update).await.unwrap();
}

#[test]
fn a_timeout_behind_it_leaves_nothing_at_the_server() {
    let Some(server) = Server::shared() else { return };
    let settings = "pool_mode = transaction\ndefault_pool_size = 1";
    let Some(pooler) = Pooler::start_with(server, settings) else { return };
    let url = server.namespace();
    let child = Child::holding(&url, "a");
    with_client(&server.url_at(pooler.port()), async |mut client| {
        let lock = free_standing(&url);
        let transaction = client.transaction().await.unwrap();
        for timeout in [0, 1] {
            let error = lock.clone().timeout(timeout).acquire_in(&transaction).await.unwrap_err();
            assert!(error.to_string().contains(&format!("(pid {})", child.id())), "{error}");
        }
        transaction.commit().await.unwrap();
        assert!(!is_waited_for(server, &url, "a"));
        child.release();
        let transaction = client.transaction().await.unwrap();
        lock.acquire_in(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
        // The next client has the same session.
        let settings =
            "SELECT current_setting('jam_lock.held', true), current_setting('lock_timeout')";
        let row = client.query_typed(settings, &[]).await.unwrap();
        assert_eq!([0, 1].map(|column| row[0].get::<_, String>(column)), ["", "0"]);
    });
}
