//! All values of a body are dropped under the lock, in the order of a plain function.
//!
//! Compiled in edition 2024 here and in edition 2021 by `tests/edition-2021`, since the editions
//! differ in when temporaries are dropped.

use std::cell::RefCell;

use jam_lock::{LockError, locked};

use crate::lock_names;
use crate::section::{alone, is_held};

thread_local! {
    /// The dropped values, and whether the lock was held then.
    static DROPPED: RefCell<Vec<(&'static str, bool)>> = const { RefCell::new(Vec::new()) };
}

/// A value that records its drop.
pub(crate) struct Noisy(pub(crate) &'static str);

impl Noisy {
    pub(crate) const fn number(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Noisy {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push((self.0, is_held())));
    }
}

/// Checks that `locked` drops the same values as `plain`, in the same order, and under the lock.
pub(crate) fn assert_same_order<R: PartialEq + std::fmt::Debug>(
    plain: impl FnOnce() -> Result<R, LockError>,
    locked: impl FnOnce() -> Result<R, LockError>,
) {
    let _alone = alone();
    assert_eq!(plain().unwrap(), locked().unwrap());
    let dropped = DROPPED.take();
    let (plain, locked) = dropped.split_at(dropped.len() / 2);
    assert!(!plain.is_empty());
    let expected: Vec<_> = plain.iter().map(|(name, _)| (*name, true)).collect();
    assert_eq!(locked, expected);
    assert!(!is_held());
}

/// Defines a function twice, plain and locked.
macro_rules! twice {
    (fn($($parameters:tt)*) $body:block) => {
        #[expect(clippy::unnecessary_wraps, reason = "to be like the locked one")]
        fn plain($($parameters)*) -> Result<usize, LockError> $body

        #[locked("section")]
        fn locked($($parameters)*) -> Result<usize, LockError> $body
    };
}

#[test]
fn of_locals_and_temporaries() {
    twice! {
        fn() {
            let _first = Noisy("first local");
            let _second = Noisy("second local");
            Ok(Noisy("temporary in the middle").number() + Noisy("temporary in the tail").number())
        }
    }
    assert_same_order(plain, locked);
}

#[test]
fn of_temporaries_in_the_tail_that_borrow_parameters() {
    twice! {
        fn(parameter: Noisy) {
            Ok(RefCell::new(&parameter).borrow().number() + Noisy("temporary").number())
        }
    }
    assert_same_order(|| plain(Noisy("parameter")), || locked(Noisy("parameter")));
}

#[test]
fn of_parameters() {
    twice! {
        fn(
            first: Noisy,
            _second: Noisy,
            _: Noisy,
            (bound, _): (Noisy, Noisy),
            mut last: Option<Noisy>
        ) {
            let _local = Noisy("local");
            drop(last.take());
            Ok(first.number() + bound.number())
        }
    }
    macro_rules! call {
        ($function:ident) => {
            $function(
                Noisy("first"),
                Noisy("second"),
                Noisy("ignored"),
                (Noisy("bound in a pattern"), Noisy("left out of a pattern")),
                Some(Noisy("last")),
            )
        };
    }
    assert_same_order(|| call!(plain), || call!(locked));
}

#[test]
fn of_an_early_return() {
    twice! {
        fn(parameter: Noisy, early: bool) {
            let local = Noisy("local");
            if early {
                return Ok(Noisy("temporary").number() + parameter.number());
            }
            Ok(local.number())
        }
    }
    assert_same_order(|| plain(Noisy("parameter"), true), || locked(Noisy("parameter"), true));
}

#[test]
fn of_a_method_that_consumes() {
    struct Pair(#[expect(dead_code, reason = "it is only dropped")] Noisy, Noisy);

    impl Pair {
        twice! {
            fn(self, parameter: Noisy) {
                let _local = Noisy("local");
                Ok(Noisy("temporary").number() + self.1.number() + parameter.number())
            }
        }
    }
    let pair = || Pair(Noisy("unused field"), Noisy("used field"));
    let parameter = || Noisy("parameter");
    assert_same_order(|| pair().plain(parameter()), || pair().locked(parameter()));
}

#[test]
fn of_a_block() {
    let plain = || {
        let value = {
            let _local = Noisy("local");
            Noisy("temporary").number()
        };
        Ok(value)
    };
    let locked = || {
        lock_names::locked!("section", {
            let _local = Noisy("local");
            Noisy("temporary").number()
        })
    };
    assert_same_order(plain, locked);
}
