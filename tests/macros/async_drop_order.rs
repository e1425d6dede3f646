//! All values of an async body are dropped under the lock, in the order of a plain async function.
//!
//! Compiled in edition 2024 here and in edition 2021 by `tests/edition-2021`, since the editions
//! differ in when temporaries are dropped.

use jam_lock::{LockError, locked};

use crate::drop_order::{Noisy, assert_same_order};
use crate::lock_names;
use crate::section::block_on;

async fn yield_once() {
    tokio::task::yield_now().await;
}

/// Defines an async function twice, plain and locked.
macro_rules! twice {
    (fn($($parameters:tt)*) $body:block) => {
        async fn plain($($parameters)*) -> Result<usize, LockError> $body

        #[locked("section")]
        async fn locked($($parameters)*) -> Result<usize, LockError> $body
    };
}

#[test]
fn of_locals_and_temporaries() {
    twice! {
        fn(parameter: Noisy) {
            let _first = Noisy("first local");
            let _second = Noisy("second local");
            yield_once().await;
            Ok(Noisy("temporary in the middle").number() + Noisy("temporary in the tail").number() + parameter.number())
        }
    }
    let parameter = || Noisy("parameter");
    assert_same_order(|| block_on(plain(parameter())), || block_on(locked(parameter())));
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
            yield_once().await;
            drop(last.take());
            Ok(first.number() + bound.number())
        }
    }
    macro_rules! call {
        ($function:ident) => {
            block_on($function(
                Noisy("first"),
                Noisy("second"),
                Noisy("ignored"),
                (Noisy("bound in a pattern"), Noisy("left out of a pattern")),
                Some(Noisy("last")),
            ))
        };
    }
    assert_same_order(|| call!(plain), || call!(locked));
}

#[test]
fn of_an_early_return() {
    twice! {
        fn(parameter: Noisy, early: bool) {
            let local = Noisy("local");
            yield_once().await;
            if early {
                return Ok(Noisy("temporary").number() + parameter.number());
            }
            Ok(local.number())
        }
    }
    let parameter = || Noisy("parameter");
    assert_same_order(
        || block_on(plain(parameter(), true)),
        || block_on(locked(parameter(), true)),
    );
}

#[test]
fn of_a_method_that_consumes() {
    struct Pair(#[expect(dead_code, reason = "it is only dropped")] Noisy, Noisy);

    impl Pair {
        twice! {
            fn(self, parameter: Noisy) {
                let _local = Noisy("local");
                yield_once().await;
                Ok(Noisy("temporary").number() + self.1.number() + parameter.number())
            }
        }
    }
    let pair = || Pair(Noisy("unused field"), Noisy("used field"));
    let parameter = || Noisy("parameter");
    assert_same_order(
        || block_on(pair().plain(parameter())),
        || block_on(pair().locked(parameter())),
    );
}

#[test]
fn of_a_block() {
    let plain = || {
        let moved = Noisy("moved");
        let value = block_on(async move {
            let _local = Noisy("local");
            yield_once().await;
            Noisy("temporary").number() + moved.number()
        });
        Ok(value)
    };
    let locked = || {
        let moved = Noisy("moved");
        block_on(lock_names::locked!("section", async move {
            let _local = Noisy("local");
            yield_once().await;
            Noisy("temporary").number() + moved.number()
        }))
    };
    assert_same_order(plain, locked);
}
