//! What `reentrant` allows, and what counts as held meanwhile.

use super::*;

#[test]
fn a_reader_cannot_reenter_as_a_writer() {
    let folder = folder();
    let locks = &Locks::open(folder.path()).unwrap();
    let lock = locks.lock(lock_names::FIRST).reentrant();
    locked!("first", shared, locks = locks, {
        assert_eq!(outcome(&lock.shared().acquire()), Acquired);
        assert_eq!(outcome(&lock.acquire()), Reentrant);
    })
    .unwrap();
    locked!("first", locks = locks, {
        assert_eq!(outcome(&lock.shared().acquire()), Acquired);
    })
    .unwrap();
}

#[test]
fn the_lock_is_released_with_its_last_guard() {
    let folder = folder();
    let locks = &Locks::open(folder.path()).unwrap();
    let lock = locks.lock(lock_names::FIRST);
    let again = || lock.reentrant().acquire().unwrap();
    let both = locked!("first", guard = outer, locks = locks, { (again(), outer.token()) });
    let (inner, token) = both.unwrap();
    assert_eq!(inner.token(), token);
    assert!(crate::is_refused(&lock));
    inner.mark_abandoned();
    drop(inner);
    assert!(lock.acquire().unwrap().abandoned().is_some());
}

#[test]
fn a_reentrant_guard_counts_until_it_is_detached_or_dropped() {
    let folder = folder();
    let locks = &Locks::open(folder.path()).unwrap();
    let lock = locks.lock(lock_names::FIRST).timeout(Duration::from_millis(1));
    let again = || lock.reentrant().acquire().unwrap();
    let guards = locked!("first", locks = locks, {
        let [one, two] = [again(), again()];
        let one = one.detach();
        assert_eq!(outcome(&lock.acquire()), Reentrant);
        [one, two]
    });
    let [one, two] = guards.unwrap();
    assert_eq!(outcome(&lock.acquire()), Reentrant);
    drop(two);
    assert_eq!(outcome(&lock.acquire()), Contended);
    drop(one);
    assert_eq!(outcome(&lock.acquire()), Acquired);
}

#[test]
fn a_reentered_section_sees_the_sections_in_between() {
    async fn outer(locks: &Locks) -> Result<Outcome, LockError> {
        locked!("first", locks = locks, async {
            locked!("customer_{id}", id = 7, locks = locks, async { between(locks).await }).await
        })
        .await??
    }

    #[locked("first", reentrant, locks = locks)]
    async fn between(locks: &Locks) -> Result<Outcome, LockError> {
        smol::future::yield_now().await;
        Ok(outcome(&locks.lock(lock_names::SECOND).acquire_async().await))
    }

    let folder = folder();
    assert_eq!(smol::block_on(outer(&Locks::open(folder.path()).unwrap())).unwrap(), Order);
}
