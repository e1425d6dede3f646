//! What a claim permits a fork, and a writer beside readers.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::engine::OwnerId;

/// A claim on `x.lock` in `folder`; if `forked`, as a fork of this process would have it.
fn claim(folder: &Path, forked: bool) -> FileClaim {
    let path = folder.join("x.lock");
    let process = if forked { ProcessId::forked() } else { ProcessId::current() };
    let spec = FileSpec { path, permissions: None };
    FileClaim::new(LockName::declared("x", "claims", 0), spec, None, process)
}

#[test]
fn a_fork_can_use_nothing_that_it_inherited() {
    let folder = tempfile::tempdir().unwrap();
    let mut inherited = claim(folder.path(), true);
    let done = || Box::new(|_| panic!("no request was started"));
    let request = WaitRequest {
        id: WaitId(1),
        mode: Mode::Shared,
        blocking: true,
        yield_first: Duration::ZERO,
        owner: OwnerId::NONE,
        site: None,
        permits: 1,
    };
    assert!(matches!(inherited.check_process(), Err(LockError::Forked { .. })));
    assert!(matches!(inherited.try_acquire(Mode::Exclusive), Err(LockError::Forked { .. })));
    let started = inherited.start_wait(request, done());
    assert!(matches!(started, Err(LockError::Forked { .. })));
}

#[test]
fn a_release_in_a_fork_does_not_release_the_lock_of_its_parent() {
    for mode in [Mode::Exclusive, Mode::Shared] {
        let folder = tempfile::tempdir().unwrap();
        let mut claim = claim(folder.path(), false);
        assert_eq!(claim.try_acquire(mode).unwrap(), TryAcquire::Acquired);
        // As the child would have it.
        claim.process = ProcessId::forked();
        assert!(matches!(claim.release(mode, None), Err(LockError::Forked { .. })));
        let mut others = self::claim(folder.path(), false);
        assert_eq!(others.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Contended);
    }
}

#[test]
fn a_fork_does_not_change_the_record_of_its_parent() {
    let folder = tempfile::tempdir().unwrap();
    let mut claim = claim(folder.path(), false);
    assert_eq!(claim.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Acquired);
    let usage = Usage { abandoned_by: None, last_token: 0, permits: 1 };
    claim.record_holder(Mode::Exclusive, Some(&Site::here()), usage);
    claim.process = ProcessId::forked();
    claim.clear_holder(0);
    assert!(claim.release(Mode::Exclusive, Some(usage)).is_err());
    let record = std::fs::read_to_string(folder.path().join("x.holder")).unwrap();
    assert!(record.starts_with("jam-lock 1 held"), "{record}");
}

#[test]
fn a_writer_that_is_refused_does_not_unlock_the_readers_of_its_process() {
    let folder = tempfile::tempdir().unwrap();
    let (mut here, mut there) = (claim(folder.path(), false), claim(folder.path(), false));
    assert_eq!(here.try_acquire(Mode::Shared).unwrap(), TryAcquire::Acquired);
    assert_eq!(here.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Contended);
    assert_eq!(there.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Contended);
    assert_eq!(there.try_acquire(Mode::Shared).unwrap(), TryAcquire::Acquired);
}
