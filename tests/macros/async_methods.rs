//! Async methods with any `self` run their body under the lock, in traits and in types.

use std::sync::Arc;

use async_trait::async_trait;
use jam_lock::{LockError, LockName, locked};

use crate::section::{alone, assert_held_within, block_on, is_held};

/// Accepts only futures that can move between threads.
const fn assert_send<F: Future + Send>(future: F) -> F {
    future
}

async fn yield_once() {
    tokio::task::yield_now().await;
}

#[derive(Clone, Default)]
struct Store {
    titles: Vec<String>,
}

impl Store {
    #[locked("section")]
    async fn shared(&self, more: usize) -> Result<bool, LockError> {
        yield_once().await;
        Ok(is_held() && self.titles.len() + more == 1)
    }

    #[locked("section")]
    async fn exclusive(&mut self, titles: Vec<String>) -> Result<&str, LockError> {
        yield_once().await;
        self.titles = titles;
        Ok(&self.titles[0])
    }

    #[locked("section")]
    async fn by_value(mut self, (title, _): (String, u8)) -> Result<bool, LockError> {
        self.titles.push(title);
        yield_once().await;
        Ok(is_held() && self.titles.len() == 1)
    }

    #[locked("section")]
    async fn counted(self: Arc<Self>) -> Result<bool, LockError> {
        yield_once().await;
        Ok(is_held() && self.titles.is_empty())
    }
}

#[test]
fn of_a_type() {
    let _alone = alone();
    let mut store = Store::default();
    assert_held_within(block_on(assert_send(store.shared(1))));
    assert_held_within(block_on(assert_send(store.clone().by_value((String::new(), 0)))));
    assert_held_within(block_on(assert_send(Arc::new(store.clone()).counted())));
    assert_eq!(block_on(store.exclusive(vec!["title".to_owned()])).unwrap(), "title");
}

trait Job {
    async fn implemented(&self, text: String) -> Result<bool, LockError>;

    #[locked("section")]
    async fn provided(&self, (number, _): (u8, String)) -> Result<bool, LockError> {
        yield_once().await;
        Ok(is_held() && number == 1)
    }

    #[locked("section")]
    async fn consumed(self) -> Result<bool, LockError>
    where
        Self: Sized,
    {
        yield_once().await;
        Ok(is_held())
    }
}

impl Job for Store {
    #[locked("section")]
    async fn implemented(&self, text: String) -> Result<bool, LockError> {
        yield_once().await;
        Ok(is_held() && text.is_empty())
    }
}

#[test]
fn of_a_trait() {
    let _alone = alone();
    let store = Store::default();
    assert_held_within(block_on(Job::implemented(&store, String::new())));
    assert_held_within(block_on(Job::provided(&store, (1, String::new()))));
    assert_held_within(block_on(store.consumed()));
}

#[async_trait]
trait Boxed: Send + Sync {
    async fn implemented(&self, text: String) -> Result<bool, LockError>;

    #[locked("section", timeout = number, guard = held)]
    async fn provided(&mut self, number: u32, (_, text): (u8, &str)) -> Result<bool, LockError> {
        yield_once().await;
        Ok(is_held() && number == 1 && text == held.name().as_str())
    }

    /// Some parameters are used only in the arguments.
    #[locked("section", "customer_{id}", timeout = limit)]
    async fn keyed(&self, id: String, mut limit: u32) -> Result<bool, LockError> {
        limit += 1;
        yield_once().await;
        Ok(is_held() && limit == 1)
    }

    #[locked("section", or_else = |_| false)]
    async fn plain(self: Arc<Self>) -> bool {
        yield_once().await;
        is_held()
    }
}

#[async_trait]
impl Boxed for Store {
    #[locked("section", timeout = self.titles.len() as u64 + 1)]
    async fn implemented(&self, text: String) -> Result<bool, LockError> {
        yield_once().await;
        if text.is_empty() {
            return Ok(is_held());
        }
        LockName::new(text)?;
        Ok(false)
    }
}

#[test]
fn of_a_trait_with_boxed_futures() {
    let _alone = alone();
    let mut store = Store::default();
    assert_held_within(block_on(assert_send(Boxed::implemented(&store, String::new()))));
    assert_held_within(block_on(assert_send(Boxed::provided(&mut store, 1, (0, "section")))));
    assert_held_within(block_on(assert_send(store.keyed("7".to_owned(), 0))));
    let store: Arc<dyn Boxed> = Arc::new(store);
    let future = assert_send(store.plain());
    assert!(!is_held());
    assert!(block_on(future));
    assert!(!is_held());
}
