//! `locked!` with an async block is a future that runs the block under the lock.

use jam_lock::{LockError, LockName};

use crate::broken::broken_locks;
use crate::lock_names;
use crate::section::{alone, assert_held_within, block_on, is_held};

async fn yield_once() {
    tokio::task::yield_now().await;
}

#[test]
fn nothing_happens_until_it_is_polled() {
    let _alone = alone();
    let future = locked!("section", timeout = 10, async {
        yield_once().await;
        is_held()
    });
    assert!(!is_held());
    assert_held_within(block_on(future));
}

#[test]
fn it_borrows_without_move() {
    let _alone = alone();
    let mut numbers = vec![1];
    let held = block_on(locked!("section", async {
        yield_once().await;
        numbers.push(2);
        is_held()
    }));
    assert_held_within(held);
    assert_eq!(numbers, [1, 2]);
}

#[test]
fn with_move_it_can_be_spawned() {
    let _alone = alone();
    let numbers = [1, 2];
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let task = runtime.spawn(locked!("section", guard = held, async move {
        yield_once().await;
        is_held() && held.name().as_str() == "section" && numbers.len() == 2
    }));
    assert_held_within(runtime.block_on(task).unwrap());
}

#[test]
fn return_and_question_mark_end_only_the_block() {
    let _alone = alone();
    let parse = |text: &'static str| {
        locked!(lock_names::SECTION, async move {
            if text.is_empty() {
                return Ok(0);
            }
            yield_once().await;
            let number: u8 = text.parse()?;
            Ok::<_, std::num::ParseIntError>(number)
        })
    };
    assert_eq!(block_on(parse("")).unwrap(), Ok(0));
    assert_eq!(block_on(parse("7")).unwrap(), Ok(7));
    assert!(block_on(parse("seven")).unwrap().is_err());
    assert!(!is_held());
}

#[test]
fn with_or_else_the_value_is_no_result() {
    let _alone = alone();
    let (_folder, locks) = broken_locks();
    let failed = locked!("section", locks = locks, or_else = |_| 7, async { 8 });
    let done = locked!("section", or_else = |_| 7, async { 8 });
    assert_eq!((block_on(failed), block_on(done)), (7, 8));
}

#[test]
fn an_error_in_an_argument_is_its_result() {
    let _alone = alone();
    let result: Result<u8, LockError> =
        block_on(locked!(LockName::new("/")?, timeout = 1, async { 7 }));
    assert!(matches!(result, Err(LockError::Name { .. })));
}
