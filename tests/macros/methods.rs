//! Methods with any `self` run their body under the lock, in traits and in types.

use std::fmt::Debug;
use std::pin::Pin;
use std::rc::Rc;

use jam_lock::{LockError, locked};

use crate::section::{alone, assert_held_within, is_held};

#[derive(Clone, Default)]
struct Store {
    sold: u32,
    titles: Vec<String>,
}

impl Store {
    #[locked("section")]
    fn shared(&self, more: u32) -> Result<bool, LockError> {
        Ok(is_held() && self.sold + more == 1)
    }

    #[locked("section")]
    fn exclusive(&mut self, titles: Vec<String>) -> Result<bool, LockError> {
        self.titles = titles;
        Ok(is_held())
    }

    #[locked("section")]
    fn by_value(self, titles: Vec<String>) -> Result<bool, LockError> {
        Ok(is_held() && self.titles == titles)
    }

    #[locked("section")]
    fn by_mutable_value(mut self, (title, _): (String, u8)) -> Result<bool, LockError> {
        self.titles.push(title);
        Ok(is_held() && self.titles.len() == 1)
    }

    #[locked("section")]
    fn boxed(self: Box<Self>) -> Result<bool, LockError> {
        Ok(is_held() && self.sold == 0)
    }

    #[locked("section")]
    fn counted(self: Rc<Self>) -> Result<bool, LockError> {
        Ok(is_held() && self.sold == 0)
    }

    #[expect(clippy::needless_arbitrary_self_type, reason = "this is what is tested")]
    #[locked("section")]
    fn typed(self: &Self) -> Result<bool, LockError> {
        Ok(is_held() && self.sold == 0)
    }

    #[locked("section", or_else = |error| panic!("{error}"))]
    fn pinned(self: Pin<&mut Self>) -> &mut u32 {
        assert!(is_held());
        &mut self.get_mut().sold
    }

    #[locked("section", or_else = |error| panic!("{error}"))]
    fn title(&self, position: usize) -> &str {
        assert!(is_held());
        &self.titles[position]
    }

    #[locked("section", or_else = |error| panic!("{error}"))]
    fn into_titles(self) -> impl Iterator<Item = String> {
        assert!(is_held());
        self.titles.into_iter()
    }

    #[locked("section", or_else = |error| panic!("{error}"))]
    fn into_text(self, separator: &str) -> Box<dyn AsRef<str>> {
        assert!(is_held());
        if self.titles.is_empty() {
            return Box::new("none");
        }
        Box::new(self.titles.join(separator))
    }

    #[locked("section")]
    fn into_pair(self) -> Result<(impl Debug, Box<dyn Debug>), LockError> {
        assert!(is_held());
        if self.titles.is_empty() {
            return Ok((0, Box::new(self.sold)));
        }
        Ok((1, Box::new(self.titles)))
    }

    #[locked("section")]
    fn into_sum(self, texts: &[&str]) -> Result<u32, Box<dyn std::error::Error>> {
        let mut sum = self.sold;
        for text in texts {
            sum += text.parse::<u32>()?;
        }
        Ok(sum)
    }

    #[locked("section", guard = held)]
    fn into_name(self) -> Result<String, LockError> {
        Ok(held.name().to_string())
    }
}

#[test]
fn that_borrow() {
    let _alone = alone();
    let mut store = Store::default();
    assert_held_within(store.shared(1));
    assert_held_within(store.typed());
    assert_held_within(store.exclusive(vec!["Balls to the Wall".to_owned()]));
    assert_eq!(store.title(0), "Balls to the Wall");
    *Pin::new(&mut store).pinned() = 7;
    assert_eq!(store.sold, 7);
}

#[test]
fn that_consume() {
    let _alone = alone();
    let store = Store::default();
    assert_held_within(store.clone().by_value(Vec::new()));
    assert_held_within(store.clone().by_mutable_value((String::new(), 0)));
    assert_held_within(Box::new(store.clone()).boxed());
    assert_held_within(Rc::new(store.clone()).counted());
    assert_eq!(store.clone().into_titles().count(), 0);
    assert_eq!((*store.clone().into_text(", ")).as_ref(), "none");
    let (debug, boxed) = store.clone().into_pair().unwrap();
    assert_eq!(format!("{debug:?} {boxed:?}"), "0 0");
    assert_eq!(store.clone().into_sum(&["1", "2"]).unwrap(), 3);
    assert!(store.clone().into_sum(&["one"]).is_err());
    assert_eq!(store.into_name().unwrap(), "section");
    assert!(!is_held());
}

trait Job {
    fn implemented(&self, text: String) -> Result<bool, LockError>;

    #[locked("section")]
    fn provided(&self, (number, _): (u8, String)) -> Result<bool, LockError> {
        Ok(is_held() && number == 1)
    }

    #[locked("section")]
    fn consumed(self) -> Result<bool, LockError>
    where
        Self: Sized,
    {
        Ok(is_held())
    }
}

impl Job for Store {
    #[locked("section")]
    fn implemented(&self, text: String) -> Result<bool, LockError> {
        Ok(is_held() && text.is_empty())
    }
}

#[test]
fn of_traits() {
    let _alone = alone();
    let store = Store::default();
    let job: &dyn Job = &store;
    assert_held_within(job.implemented(String::new()));
    assert_held_within(job.provided((1, String::new())));
    assert_held_within(store.consumed());
}
