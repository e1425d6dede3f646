use std::time::SystemTime;

use super::*;
use crate::engine::RecordedWait;
use crate::holder::HolderWait;
use crate::this_process::ThisProcess;

fn name() -> LockName {
    LockName::declared("invoice_saved", "errors", 0)
}

fn timeout(waited: Duration) -> LockError {
    LockError::Timeout {
        other_holders: Vec::new(),
        name: Box::new(name()),
        location: "/srv/locks/invoice_saved.lock".to_owned(),
        waited,
        holder: None,
        blocked_on: None,
    }
}

#[test]
fn a_timeout_says_what_where_and_how_long() {
    assert_eq!(
        timeout(Duration::from_millis(10_012)).to_string(),
        "timed out after 10 s waiting for lock `invoice_saved` (/srv/locks/invoice_saved.lock)"
    );
    assert!(timeout(Duration::from_micros(7_400)).to_string().contains("after 7 ms"));
    assert!(timeout(Duration::ZERO).to_string().contains("the timeout is 0"));
}

#[test]
fn an_error_that_main_returns_is_shown_as_the_same_message() {
    let error = timeout(Duration::from_secs(1));
    assert_eq!(format!("{error:?}"), error.to_string());
}

#[test]
fn a_timeout_becomes_an_io_error_that_says_whether_it_waited() {
    for (waited, kind) in [
        (Duration::from_secs(1), io::ErrorKind::TimedOut),
        (Duration::ZERO, io::ErrorKind::WouldBlock),
    ] {
        let error = io::Error::from(timeout(waited));
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains("invoice_saved"));
    }
}

#[test]
fn every_error_is_one_line_and_becomes_an_io_error_of_its_kind() {
    use io::ErrorKind::{Deadlock, InvalidInput, Other, StorageFull, Unsupported};
    let (boxed, site) = (|| Box::new(name()), Site::here());
    let (location, path) = (|| "/srv/locks".to_owned(), || PathBuf::from("/srv/locks/x.lock"));
    let (what, remedy, why) = ("a shared lock", "acquire an exclusive one", "the server went away");
    let all = [
        (
            LockError::Reentrant { name: boxed(), requested_at: site, held_at: site, remedy },
            Deadlock,
        ),
        (
            LockError::Order {
                name: boxed(),
                requested_at: site,
                held: boxed(),
                held_at: site,
                remedy,
            },
            Deadlock,
        ),
        (LockError::Deadlock { name: boxed(), location: location(), cycle: Vec::new() }, Deadlock),
        (
            LockError::HeldByAncestor {
                name: boxed(),
                location: location(),
                holder: Box::default(),
            },
            Deadlock,
        ),
        (LockError::Name { name: String::new(), reason: why.to_owned() }, InvalidInput),
        (LockError::NotAFile { path: path(), found: "a folder", remedy }, InvalidInput),
        (LockError::Io { operation: "open", path: path(), error: StorageFull.into() }, StorageFull),
        (LockError::Unsupported { what, location: location(), remedy: remedy.into() }, Unsupported),
        (
            LockError::Engine {
                operation: why.to_owned(),
                location: location(),
                error: why.into(),
            },
            Other,
        ),
        (LockError::Lost { name: boxed(), location: location(), reason: why.to_owned() }, Other),
        (LockError::Forked { name: name(), location: location(), opened_by: 7, here: 8 }, Other),
        (LockError::DefaultAlreadySet { location: location() }, Other),
    ];
    for (error, kind) in all {
        let text = error.to_string();
        assert!(!text.contains('\n') && !text.contains("  "), "{text}");
        let error = io::Error::from(error);
        assert_eq!((error.kind(), error.to_string()), (kind, text));
    }
}

#[test]
fn an_error_can_cross_threads_and_be_boxed() {
    fn check<T: Send + Sync + 'static>() {}
    check::<LockError>();
}

/// An owner in `transfer`, which holds one lock and waits for another one.
fn owner(process: u32, holds: &str, wants: &str) -> DeadlockedOwner {
    let file = || Some("src/bank.rs".to_owned());
    let holder = Holder {
        process: Some(process),
        program: Some("bankd".to_owned()),
        host: ThisProcess::get().host.clone(),
        function: Some("transfer".to_owned()),
        file: file(),
        line: Some(31),
        is_this_process: process == 1,
        ..Holder::default()
    };
    let recorded = RecordedWait {
        number: 7,
        name: wants.to_owned(),
        location: "/srv/locks".to_owned(),
        since: SystemTime::UNIX_EPOCH,
        function: None,
        file: file(),
        line: Some(31),
    };
    let wait = HolderWait { recorded, holder: None, closes_cycle: false };
    DeadlockedOwner { lock: holds.to_owned(), location: "/srv/locks".to_owned(), holder, wait }
}

#[test]
fn a_deadlock_names_every_owner_with_what_it_holds_and_waits_for() {
    let cycle = vec![owner(1, "account_1", "account_2"), owner(4311, "account_2", "account_1")];
    let location = "/srv/locks".to_owned();
    let error = LockError::Deadlock { name: Box::new(name()), location, cycle };
    assert_eq!(
        error.to_string(),
        "deadlock: `transfer` at src/bank.rs:31, bankd (pid 1), holds `account_1` and waits for \
         `account_2`; `transfer` at src/bank.rs:31, bankd (pid 4311), holds `account_2` and waits for \
         `account_1`. Acquire them in one order everywhere, or both at once; the first owner still \
         holds `account_1`"
    );
    assert_eq!(error.cycle().len(), 2);
}
