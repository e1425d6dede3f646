use super::*;

fn name() -> LockName {
    LockName::declared("invoice_saved", "errors", 0)
}

fn timeout(waited: Duration) -> LockError {
    LockError::Timeout {
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
