//! Sections of names with permits.

use jam_lock::{LockError, Locks, locked};

use crate::section::block_on;

#[locked("export", timeout = 0, guard = held, locks = locks)]
fn export(locks: &Locks) -> Result<u32, LockError> {
    Ok(held.permit())
}

#[locked("export", "printer_{id}", timeout = 0, guard = held, locks = locks)]
async fn print(locks: &Locks, id: u32) -> Result<Vec<u32>, LockError> {
    Ok(vec![held.0.permit(), held.1.permit()])
}

#[test]
fn a_section_takes_a_permit() {
    let locks = Locks::in_memory();
    assert_eq!(export(&locks).unwrap(), 1);
    assert_eq!(block_on(print(&locks, 7)).unwrap(), [1, 1]);
    let block = locked!("export", guard = held, locks = locks, { held.permit() });
    assert_eq!(block.unwrap(), 1);
}

#[test]
fn a_section_is_refused_once_all_permits_are_taken() {
    let locks = Locks::in_memory();
    let lock = locks.lock(crate::lock_names::EXPORT);
    let mut guards: Vec<_> = (0..2).map(|_| lock.acquire().unwrap().detach()).collect();
    assert_eq!(export(&locks).unwrap(), 3);
    guards.push(lock.acquire().unwrap().detach());
    assert!(export(&locks).unwrap_err().is_timeout());
    assert!(block_on(print(&locks, 7)).unwrap_err().is_timeout());
}
