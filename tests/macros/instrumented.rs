//! `#[tracing::instrument]` works above the attribute and below it.

use jam_lock::{LockError, locked};
use tracing::instrument;

use crate::section::{alone, assert_held_within, block_on, is_held};

#[test]
fn a_function() {
    #[instrument(skip(_unused, left))]
    #[locked("section")]
    fn above(text: String, _unused: u8, (mut left, _): (u8, u8)) -> Result<bool, LockError> {
        left += 1;
        Ok(is_held() && text.len() == usize::from(left))
    }

    #[locked("section")]
    #[instrument(skip(_unused, left))]
    fn below(text: String, _unused: u8, (mut left, _): (u8, u8)) -> Result<bool, LockError> {
        left += 1;
        Ok(is_held() && text.len() == usize::from(left))
    }

    let _alone = alone();
    assert_held_within(above("a".to_owned(), 0, (0, 0)));
    assert_held_within(below("a".to_owned(), 0, (0, 0)));
}

#[test]
fn a_parameter_may_be_for_the_span_alone() {
    #[expect(unused_variables, reason = "the lint still finds the last one")]
    #[locked("section")]
    #[instrument(skip(_text, unused), fields(customer = id))]
    fn given(id: u32, _text: String, unused: u8) -> Result<bool, LockError> {
        Ok(is_held())
    }

    #[locked("section")]
    #[instrument]
    async fn all(id: u32) -> Result<bool, LockError> {
        Ok(is_held())
    }

    #[locked("section")]
    #[instrument(skip(_text))]
    fn others(id: u32, _text: String) -> Result<bool, LockError> {
        Ok(is_held())
    }

    let _alone = alone();
    assert_held_within(given(7, String::new(), 0));
    assert_held_within(others(7, String::new()));
    assert_held_within(block_on(all(7)));
}

#[test]
fn an_async_function() {
    #[instrument(skip(_unused, left))]
    #[locked("section")]
    async fn above(text: String, _unused: u8, (mut left, _): (u8, u8)) -> Result<bool, LockError> {
        tokio::task::yield_now().await;
        left += 1;
        Ok(is_held() && text.len() == usize::from(left))
    }

    #[locked("section")]
    #[instrument(skip(_unused, left), fields(length = text.len()))]
    async fn below(text: String, _unused: u8, (mut left, _): (u8, u8)) -> Result<bool, LockError> {
        tokio::task::yield_now().await;
        left += 1;
        Ok(is_held() && text.len() == usize::from(left))
    }

    let _alone = alone();
    assert_held_within(block_on(above("a".to_owned(), 0, (0, 0))));
    assert_held_within(block_on(below("a".to_owned(), 0, (0, 0))));
}

#[async_trait::async_trait]
trait Job: Sync {
    #[instrument(skip(self, _unused))]
    #[locked("section")]
    async fn above(&self, text: &str, _unused: u8) -> Result<bool, LockError> {
        tokio::task::yield_now().await;
        Ok(is_held() && text == "a")
    }

    #[locked("section")]
    #[instrument(skip(self, _unused))]
    async fn below(&self, text: &str, _unused: u8) -> Result<bool, LockError> {
        tokio::task::yield_now().await;
        Ok(is_held() && text == "a")
    }
}

impl Job for () {}

#[test]
fn a_method_of_a_trait_with_boxed_futures() {
    let _alone = alone();
    assert_held_within(block_on(().above("a", 0)));
    assert_held_within(block_on(().below("a", 0)));
}
