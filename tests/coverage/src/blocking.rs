//! Functions and methods that block.

use jam_lock::LockError;
#[cfg(not(feature = "plain"))]
use jam_lock::{locked, skip};

#[cfg_attr(not(feature = "plain"), locked("first"))]
fn value(left: u32, right: u32) -> Result<u32, LockError> {
    let sum = left + right;
    Ok(sum)
}

#[cfg_attr(not(feature = "plain"), locked("first"))]
fn early(text: &str) -> Result<usize, LockError> {
    if text.is_empty() {
        return Ok(0);
    }
    let length = text.len();
    if length == 3 {
        return Ok(length);
    }
    Ok(length + 1)
}

#[cfg_attr(not(feature = "plain"), locked("first", timeout = 0, or_else = skip))]
fn skipped(list: &mut Vec<u32>) {
    list.push(1);
    list.push(2);
}

#[cfg_attr(not(feature = "plain"), locked("job_{number}", number = 1, at_most_every = 3600))]
fn job(left: u32) -> Result<u32, LockError> {
    let more = left + 1;
    Ok(more)
}

#[cfg_attr(not(feature = "plain"), locked("printer", timeout = 1))]
fn permit(left: u32) -> Result<u32, LockError> {
    let more = left + 1;
    Ok(more)
}

#[cfg_attr(
    not(feature = "plain"),
    locked("first", "customer_{id}", "second", id = id, recover = |_| Ok::<_, LockError>(()))
)]
fn several(id: u32) -> Result<u32, LockError> {
    let more = id + 1;
    Ok(more)
}

#[cfg_attr(not(feature = "plain"), locked("first"))]
fn branches(list: &[u32], text: &str) -> Result<u32, Box<dyn std::error::Error>> {
    let mut sum = 0;
    for number in list {
        match number {
            1 => sum += 1,
            2 => {
                sum += 2;
            }
            _ => return Ok(0),
        }
    }
    let number = text.parse::<u32>().map_err(|error| {
        let text = error.to_string();
        text + "!"
    })?;
    assert_eq!(number, 7);
    let more = |number: u32| number + 1;
    Ok(more(sum))
}

#[cfg_attr(not(feature = "plain"), locked("first"))]
fn uncalled(number: u32) -> Result<u32, LockError> {
    let more = number + 1;
    Ok(more)
}

struct Stock {
    pieces: u32,
}

impl Stock {
    #[cfg_attr(not(feature = "plain"), locked("first", shared))]
    fn count(&self) -> Result<u32, LockError> {
        let pieces = self.pieces;
        Ok(pieces)
    }

    #[cfg_attr(not(feature = "plain"), locked("first"))]
    fn add(&mut self, pieces: u32) -> Result<&mut Self, LockError> {
        self.pieces += pieces;
        Ok(self)
    }

    #[cfg_attr(not(feature = "plain"), locked("job_{number}", number = 2, at_most_every = 3600))]
    fn doubled(self) -> Result<Self, LockError> {
        let pieces = 2 * self.pieces;
        Ok(Self { pieces })
    }

    #[cfg_attr(not(feature = "plain"), locked("first"))]
    #[track_caller]
    fn called(mut self) -> Result<Self, LockError> {
        self.pieces += 1;
        Ok(self)
    }

    #[cfg_attr(not(feature = "plain"), locked("first"))]
    fn uncalled(mut self) -> Result<u32, LockError> {
        self.pieces += 1;
        Ok(self.pieces)
    }

    #[cfg_attr(not(feature = "plain"), locked("first"))]
    fn into_pieces(mut self) -> Result<u32, LockError> {
        self.pieces += 1;
        Ok(self.pieces)
    }
}

pub(crate) fn run() -> Result<(), LockError> {
    assert_eq!(value(1, 2)?, 3);
    assert_eq!(early("one")?, 3);
    let mut list = Vec::new();
    skipped(&mut list);
    assert_eq!(list.len(), 2);
    assert_eq!(job(1)?, 2);
    assert_eq!(permit(1)?, 2);
    assert_eq!(several(1)?, 2);
    assert_eq!(branches(&[1, 2], "7").expect("a number"), 4);
    let mut stock = Stock { pieces: 1 };
    assert_eq!(stock.count()?, 1);
    stock.add(1)?;
    assert_eq!(stock.doubled()?.called()?.into_pieces()?, 6);
    Ok(())
}
