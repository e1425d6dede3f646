//! Async functions of every form run their body under the lock.

use std::fmt::{Debug, Display};
use std::future::ready;
use std::sync::Mutex;

use jam_lock::{LockError, Locks, default_locks, locked};

use crate::broken::broken_locks;
use crate::lock_names;
use crate::section::{alone, assert_held_within, block_on, is_held};

/// Accepts only futures that can move between threads.
const fn assert_send<F: Future + Send>(future: F) -> F {
    future
}

async fn yield_once() {
    tokio::task::yield_now().await;
}

#[test]
fn nothing_happens_until_they_are_polled() {
    #[locked("section")]
    async fn function() -> Result<bool, LockError> {
        yield_once().await;
        Ok(is_held())
    }

    let _alone = alone();
    let future = assert_send(function());
    assert!(!is_held());
    assert_held_within(block_on(future));
}

#[test]
fn that_are_dropped_release_the_lock() {
    #[locked("section")]
    async fn function() -> Result<(), LockError> {
        std::future::pending().await
    }

    let _alone = alone();
    let mut future = Box::pin(function());
    block_on(std::future::poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    }));
    assert!(is_held());
    drop(future);
    assert!(!is_held());
}

#[test]
fn that_are_dropped_while_they_wait_leave_the_queue_before_their_parameters() {
    struct Parameter<'a>(&'a Mutex<Option<usize>>);

    impl Drop for Parameter<'_> {
        fn drop(&mut self) {
            *self.0.lock().expect("nothing has panicked") = count_waiters();
        }
    }

    /// How many wait for the lock.
    fn count_waiters() -> Option<usize> {
        let locks = default_locks().expect("the default is set").list().expect("it can be listed");
        locks.iter().find(|status| status.name() == "section")?.waiting()
    }

    #[locked("section")]
    async fn function(_parameter: Parameter<'_>) -> Result<(), LockError> {
        unreachable!("the lock is unavailable")
    }

    let _alone = alone();
    let waiters = Mutex::new(None);
    let lock = default_locks().expect("the default is set").lock(lock_names::SECTION);
    let _guard = lock.acquire().expect("the lock is free");
    let mut future = Box::pin(function(Parameter(&waiters)));
    block_on(std::future::poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    }));
    assert_eq!(count_waiters(), Some(1));
    drop(future);
    assert_eq!(waiters.into_inner().expect("nothing has panicked"), Some(0));
}

#[test]
fn with_parameters_of_every_kind() {
    struct Point {
        x: u8,
        y: u8,
    }

    #[locked("section")]
    async fn function(
        text: String,
        mut list: Vec<u8>,
        more: &mut Vec<u8>,
        Point { x, mut y }: Point,
        _: String,
        _unused: String,
    ) -> Result<bool, LockError> {
        yield_once().await;
        y += x;
        list.extend(text.into_bytes());
        more.append(&mut list);
        Ok(is_held() && y == 3)
    }

    let _alone = alone();
    let mut more = vec![1];
    let point = Point { x: 1, y: 2 };
    let text = String::new;
    let future = function("a".to_owned(), vec![2], &mut more, point, text(), text());
    assert_held_within(block_on(assert_send(future)));
    assert_eq!(more, [1, 2, b'a']);
}

#[test]
fn generic_in_lifetimes_types_and_constants() {
    #[locked("section")]
    async fn function<'a, T, const N: usize>(
        texts: [&'a str; N],
        last: T,
    ) -> Result<(bool, Option<&'a str>), LockError>
    where
        T: PartialEq<&'a str>,
    {
        yield_once().await;
        Ok((is_held() && last == texts[N - 1], texts.first().copied()))
    }

    let _alone = alone();
    let text = "first".to_owned();
    let future = assert_send(function([text.as_str(), "last"], String::from("last")));
    assert_eq!(block_on(future).unwrap(), (true, Some("first")));
}

#[test]
fn with_impl_trait_in_and_out() {
    #[locked("section")]
    async fn function(
        texts: impl IntoIterator<Item = impl Display>,
    ) -> Result<impl IntoIterator<Item = String>, LockError> {
        yield_once().await;
        assert!(is_held());
        Ok(texts.into_iter().map(|text| text.to_string()).collect::<Vec<_>>())
    }

    let _alone = alone();
    assert!(block_on(function([1, 2])).unwrap().into_iter().eq(["1", "2"]));
}

#[test]
fn with_values_that_are_coerced_to_the_return_type() {
    #[locked("section")]
    async fn function(number: u8) -> Result<(impl Debug, Box<dyn Display>), LockError> {
        yield_once().await;
        if number == 0 {
            return Ok((7, Box::new("none")));
        }
        Ok((number, Box::new(number)))
    }

    let _alone = alone();
    let (debug, display) = block_on(function(0)).unwrap();
    assert_eq!(format!("{debug:?} {display}"), "7 none");
}

#[test]
fn with_a_question_mark_that_converts_the_error() {
    #[locked("section")]
    async fn function(text: &str) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
        let number: u32 = ready(text).await.parse()?;
        Ok(number)
    }

    let _alone = alone();
    assert_eq!(block_on(assert_send(function("7"))).unwrap(), 7);
    assert!(block_on(function("seven")).is_err());
    assert!(!is_held());
}

#[test]
fn that_cannot_acquire_the_lock_return_the_error() {
    #[locked("section", locks = locks)]
    async fn function(locks: Locks) -> Result<(), Box<dyn std::error::Error>> {
        unreachable!("the lock is unavailable");
    }

    let (_folder, locks) = broken_locks();
    let error = block_on(function(locks)).expect_err("the lock is unavailable");
    assert!(error.is::<LockError>());
}

#[test]
fn that_return_nothing_or_never() {
    #[locked("section", or_else = |error| panic!("{error}"))]
    async fn nothing(early: bool) {
        yield_once().await;
        assert!(is_held());
        if early {
            return;
        }
        yield_once().await;
    }

    #[locked("section", or_else = |error| panic!("{error}"))]
    async fn never() -> ! {
        yield_once().await;
        std::panic::resume_unwind(Box::new(is_held()));
    }

    let _alone = alone();
    block_on(nothing(true));
    block_on(nothing(false));
    let panicked = std::panic::catch_unwind(|| block_on(async { never().await }));
    assert!(panicked.is_err_and(|held| held.downcast_ref() == Some(&true)));
    assert!(!is_held());
}

#[test]
fn with_every_argument() {
    struct Store {
        locks: Locks,
    }

    impl Store {
        #[locked(
            lock_names::SECTION,
            timeout = ready(10).await,
            guard = held,
            locks = self.locks,
            or_else = |_| None,
        )]
        async fn name(&self) -> Option<String> {
            yield_once().await;
            Some(held.name().to_string())
        }
    }

    let _alone = alone();
    let store = Store { locks: default_locks().unwrap() };
    assert_eq!(block_on(assert_send(store.name())).as_deref(), Some("section"));
    let (_folder, locks) = broken_locks();
    assert_eq!(block_on(Store { locks }.name()), None);
}

/// The future does not store what an argument borrows.
#[test]
fn with_arguments_that_are_not_send() {
    #[locked("customer_{id}", id = *numbers.lock().unwrap(), timeout = *numbers.lock().unwrap())]
    async fn function(numbers: &Mutex<u32>) -> Result<(), LockError> {
        yield_once().await;
        Ok(())
    }

    let _alone = alone();
    block_on(assert_send(function(&Mutex::new(1)))).unwrap();
}
