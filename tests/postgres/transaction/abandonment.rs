//! A transaction learns of a holder that died, and recovers by its commit.

use super::*;

#[test]
fn it_is_reported_until_a_transaction_commits() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let child = Child::holding(&url, "a");
    let process = child.id();
    child.kill();
    let lock = lock(&url, "a").timeout(LONG);
    let died = |grant: &TransactionGrant| grant.abandoned().and_then(Holder::process);
    with_client(&url, async |mut client| {
        for lock in [lock.clone(), lock.shared()] {
            let transaction = client.transaction().await.unwrap();
            let grant = lock.acquire_in(&transaction).await.unwrap();
            assert_eq!(died(&grant), Some(process));
            transaction.rollback().await.unwrap();
        }
        let transaction = client.transaction().await.unwrap();
        let grant = lock.acquire_in(&transaction).await.unwrap();
        assert_eq!(died(&grant), Some(process));
        transaction.commit().await.unwrap();
        assert!(lock.acquire().unwrap().abandoned().is_none());
    });
}

#[test]
fn a_statement_leaves_it_to_the_next_holder() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let child = Child::holding(&url, "a");
    let process = child.id();
    child.kill();
    let lock = lock(&url, "a");
    let row = server.query_one(&lock.transaction_statement().unwrap());
    assert!(row.contains(&format!("\"process\": {process}")), "{row}");
    let guard = lock.acquire().unwrap();
    assert_eq!(guard.abandoned().and_then(Holder::process), Some(process));
}
