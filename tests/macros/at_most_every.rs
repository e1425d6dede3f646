//! `at_most_every` runs a body once in a period, unless the last run has failed.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use jam_lock::{LockError, Locks, locked, skip};

use crate::lock_names;
use crate::section::block_on;

const HOUR: Duration = Duration::from_secs(3600);

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Well,
    EarlyReturn,
    Error,
    QuestionMark,
    EarlyError,
    Undone,
    Panic,
}

const FAILURES: [End; 5] =
    [End::Error, End::QuestionMark, End::EarlyError, End::Undone, End::Panic];

type Alias<T> = Result<T, Box<dyn std::error::Error>>;

#[locked("section", at_most_every = 3600, timeout = 0, locks = locks, guard = held)]
fn function(locks: &Locks, end: End) -> Alias<usize> {
    match end {
        End::EarlyReturn => return Ok(1),
        End::EarlyError => return Err("early".into()),
        End::QuestionMark => drop("x".parse::<usize>()?),
        End::Undone => held.undo_run(),
        End::Panic => panic!("a run that fails"),
        End::Well | End::Error => {}
    }
    if end == End::Error { Err("late".into()) } else { Ok(1) }
}

#[locked("section", at_most_every = HOUR, timeout = 0, locks = &locks, guard = held)]
async fn asynchronous(locks: Locks, end: End) -> Alias<usize> {
    match end {
        End::EarlyReturn => return Ok(1),
        End::EarlyError => return Err("early".into()),
        End::QuestionMark => drop("x".parse::<usize>()?),
        End::Undone => held.undo_run(),
        End::Panic => panic!("a run that fails"),
        End::Well | End::Error => {}
    }
    if end == End::Error { Err("late".into()) } else { Ok(1) }
}

/// Whether the error is that the last run is too recent.
fn is_too_soon(result: Alias<usize>) -> bool {
    let error = result.expect_err("it is too soon");
    error.downcast_ref::<LockError>().is_some_and(LockError::is_too_soon)
}

/// The first runs fail, so the next one runs; only the one after a good one does not.
fn check(run: impl Fn(&Locks, End) -> Alias<usize>) {
    for good in [End::Well, End::EarlyReturn] {
        let locks = Locks::in_memory();
        for end in FAILURES {
            let result = panic::catch_unwind(AssertUnwindSafe(|| run(&locks, end)));
            assert!(!matches!(result, Ok(Err(error)) if error.is::<LockError>()), "{end:?}");
        }
        assert_eq!(run(&locks, good).unwrap(), 1);
        assert!(is_too_soon(run(&locks, good)));
    }
}

#[test]
fn a_function_that_ends_in_any_bad_way_does_not_count() {
    check(function);
}

#[test]
fn an_async_function_that_ends_in_any_bad_way_does_not_count() {
    check(|locks, end| block_on(asynchronous(locks.clone(), end)));
}

#[test]
fn a_run_that_is_cancelled_does_not_count() {
    #[locked("section", at_most_every = 3600, timeout = 0, locks = &locks)]
    async fn cancelled(locks: Locks) -> Result<(), LockError> {
        std::future::pending().await
    }

    let locks = Locks::in_memory();
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        let mut run = Box::pin(cancelled(locks.clone()));
        while !locks.lock(lock_names::SECTION).status().unwrap().state().is_held() {
            assert!(run.as_mut().poll(&mut context).is_pending());
        }
    }
    assert_eq!(block_on(asynchronous(locks, End::Well)).unwrap(), 1);
}

#[test]
fn a_method_that_takes_self_by_value_counts_unless_it_fails() {
    struct Job(Locks, io::Result<String>);

    impl Job {
        #[locked("section", at_most_every = 60 * 60, timeout = 0, locks = self.0)]
        fn run(self) -> io::Result<String> {
            let text = self.1?;
            Ok(text)
        }
    }

    let locks = Locks::in_memory();
    assert!(Job(locks.clone(), Err(io::Error::other("down"))).run().is_err());
    assert_eq!(Job(locks.clone(), Ok("done".to_owned())).run().unwrap(), "done");
    let error = Job(locks, Ok(String::new())).run().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn what_is_no_result_counts_and_is_skipped_too() {
    #[locked("section", at_most_every = 0.5e4, timeout = 0, or_else = skip, locks = locks)]
    fn borrowed<'a>(locks: &Locks, text: &'a str) -> &'a str {
        text
    }

    #[locked("section", at_most_every = HOUR / 2, timeout = 0, or_else = skip, locks = locks)]
    fn unit(locks: &Locks, runs: &mut u32) {
        *runs += 1;
    }

    let locks = Locks::in_memory();
    assert_eq!(borrowed(&locks, "once"), "once");
    assert_eq!(borrowed(&locks, "twice"), "");
    let mut runs = 0;
    unit(&locks, &mut runs);
    assert_eq!(runs, 0);
}

#[test]
fn a_generic_function_that_returns_a_result_is_seen_as_such() {
    #[locked("section", at_most_every = 3600, timeout = 0, locks = locks)]
    fn generic<T, E: From<LockError>>(locks: &Locks, result: Result<T, E>) -> Result<T, E> {
        result
    }

    let locks = Locks::in_memory();
    assert!(generic::<(), _>(&locks, Err(io::Error::other("down"))).is_err());
    assert!(generic::<_, LockError>(&locks, Ok(1)).is_ok());
    assert!(generic::<_, LockError>(&locks, Ok(1)).unwrap_err().is_too_soon());
}

#[test]
fn a_block_counts_unless_it_fails_or_is_left() {
    let locks = Locks::in_memory();
    let leave = |locks: &Locks, leaves: bool| -> Result<u32, LockError> {
        locked!("section", at_most_every = 3600, timeout = 0, locks = locks, {
            if leaves {
                return Ok(0);
            }
            7
        })
    };
    assert_eq!(leave(&locks, true).unwrap(), 0);
    let failed = locked!("section", at_most_every = 3600, timeout = 0, locks = locks, {
        "x".parse::<u32>()
    });
    assert!(failed.unwrap().is_err());
    assert_eq!(leave(&locks, false).unwrap(), 7);
    assert!(leave(&locks, false).unwrap_err().is_too_soon());
    let future =
        pin!(locked!("section", at_most_every = 3600, timeout = 0, locks = locks, async { 7 }));
    assert!(block_on(future).unwrap_err().is_too_soon());
}

#[test]
fn a_period_of_zero_always_runs_and_a_negative_one_never() {
    #[locked("section", at_most_every = period, timeout = 0, locks = locks)]
    fn run(locks: &Locks, period: i32) -> Result<(), LockError> {
        Ok(())
    }

    let locks = Locks::in_memory();
    run(&locks, 0).unwrap();
    run(&locks, 0).unwrap();
    let error = run(&locks, -1).unwrap_err().to_string();
    assert!(error.starts_with("a negative `at_most_every` is not supported"), "{error}");
}
