//! A method with `#[track_caller]` that takes `self` by value knows its caller.

use std::fmt;
use std::panic::Location;

use jam_lock::{LockError, locked};

use crate::section::{alone, is_held};

#[derive(Clone, Default)]
struct Store {
    sold: u32,
    titles: Vec<String>,
}

type Line = Result<u32, LockError>;

/// The line in which a method was called.
trait Called: Sized {
    #[track_caller]
    fn called(self, more: Vec<u32>) -> Line;
}

impl Called for Store {
    #[expect(unused_qualifications, reason = "the path starts with another `self`")]
    #[track_caller]
    #[locked("section")]
    fn called(self, more: Vec<u32>) -> Line {
        // Each `self` of these items is another one, or part of a path.
        use std::cell::{self, Cell};
        struct Inner(cell::Cell<u32>);
        impl Inner {
            const fn get(self) -> u32 {
                self.0.get()
            }
        }
        drop(more);
        let caller = || Location::caller().line() + self.sold;
        assert!(self::is_held() && matches!(self.titles.as_slice(), []), "{}", self.sold);
        assert_ne!(caller(), Location::caller().line(), "a closure has no caller");
        Ok(Inner(Cell::new(Location::caller().line())).get())
    }
}

/// An error that knows where it was made, as those of eyre do.
#[derive(Debug)]
struct Located(&'static Location<'static>);

impl From<LockError> for Located {
    #[track_caller]
    fn from(_: LockError) -> Self {
        Self(Location::caller())
    }
}

#[test]
fn an_error_is_made_at_the_return_type_of_the_function() {
    const LINE: u32 = line!();
    #[locked(jam_lock::LockName::new("/")?)]
    fn function() -> Result<(), Located> {
        Ok(())
    }
    #[locked("section", timeout = 0, locks = locks)]
    fn refused(locks: &jam_lock::Locks) -> Result<(), Located> {
        Ok(())
    }

    let locks = jam_lock::Locks::in_memory();
    let _held = locks.lock(crate::lock_names::SECTION).acquire().unwrap();
    let errors = [function().unwrap_err(), refused(&locks).unwrap_err()];
    let lines = errors.map(|Located(location)| (location.file(), location.line() - LINE));
    assert_eq!(lines, [(file!(), 1), (file!(), 6)]);
}

impl Store {
    #[track_caller]
    #[locked("section")]
    fn called_mutable(mut self, more: u32) -> Line {
        self.sold += more;
        let Self { sold, .. } = self;
        Ok(Location::caller().line() + sold)
    }

    #[track_caller]
    #[locked("section")]
    fn called_boxed(self: Box<Self>) -> Line {
        drop(self);
        Ok(Location::caller().line())
    }

    #[track_caller]
    #[locked("section", recover = |_| { assert_eq!(self.sold, 0); Ok::<(), LockError>(()) })]
    fn called_unused(self) -> Line {
        Ok(Location::caller().line())
    }

    #[track_caller]
    #[locked("section")]
    fn formatted(self) -> Result<String, LockError> {
        Ok(format!("{self}"))
    }
}

/// Is dropped under the lock.
struct DroppedInside;

impl DroppedInside {
    #[track_caller]
    #[locked("section")]
    fn called(self) -> Line {
        let _ = &self;
        Ok(Location::caller().line())
    }
}

impl Drop for DroppedInside {
    fn drop(&mut self) {
        assert!(is_held());
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sold", self.sold)
    }
}

#[test]
fn a_method_that_takes_self_by_value_knows_its_caller() {
    let _alone = alone();
    assert_eq!(Store::default().called(Vec::new()).unwrap(), line!());
    assert_eq!(Store::default().called_mutable(0).unwrap(), line!());
    assert_eq!(Box::new(Store::default()).called_boxed().unwrap(), line!());
    assert_eq!(Store::default().called_unused().unwrap(), line!());
    assert_eq!(DroppedInside.called().unwrap(), line!());
}

#[test]
fn a_format_string_can_have_self() {
    let _alone = alone();
    assert_eq!(Store::default().formatted().unwrap(), "0 sold");
}
