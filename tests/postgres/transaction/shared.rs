//! Readers in transactions.

use super::*;

#[test]
fn readers_in_transactions_share_it_with_sessions() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    let (writer, shared) = (lock.acquire().unwrap().token(), lock.shared());
    with_client(&url, async |mut one| {
        let mut other = client(&url).await;
        let first = one.transaction().await.unwrap();
        let second = other.transaction().await.unwrap();
        let tokens = [acquire(&shared, &first).await, acquire(&shared, &second).await];
        let child = Child::holding_shared(&url, "a");
        assert!(lock.try_acquire().unwrap_err().is_timeout());
        child.release();
        for transaction in [first, second] {
            transaction.commit().await.unwrap();
        }
        let next = lock.acquire().unwrap().token();
        for token in tokens.map(|grant| grant.token()) {
            assert!(writer < token && token < next, "{writer} < {token} < {next}");
        }
    });
}

#[test]
fn a_writer_that_lost_it_to_a_reader_is_refused_by_its_fence() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    let guard = lock.acquire().unwrap();
    let fence = guard.fence_statement().unwrap();
    assert_eq!(server.query(&fence).len(), 1);
    end_sessions(server, &url, "a");
    drop(guard);
    with_client(&url, async |mut client| {
        let transaction = client.transaction().await.unwrap();
        let shared = lock.shared().timeout(LONG);
        let grant = shared.acquire_in(&transaction).await.unwrap();
        assert_eq!(server.query(&fence).len(), 0);
        assert!(grant.token() > 0);
    });
}

#[test]
fn a_readers_token_without_a_record_is_not_ahead_of_the_clock() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    with_client(&url, async |mut client| {
        for at in 0..20 {
            let transaction = client.transaction().await.unwrap();
            let lock = lock(&url, &format!("unused_{at}")).shared();
            let token = acquire(&lock, &transaction).await.token();
            let now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint";
            let now: i64 = transaction.query_one(now, &[]).await.unwrap().get(0);
            assert!(token <= now.cast_unsigned(), "{token} {now}");
        }
    });
}
