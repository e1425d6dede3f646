//! Async functions and methods.

use jam_lock::LockError;
#[cfg(not(feature = "plain"))]
use jam_lock::{locked, skip};

#[cfg_attr(not(feature = "plain"), locked("first"))]
async fn value(left: u32, right: u32) -> Result<u32, LockError> {
    let sum = left + right;
    std::future::ready(()).await;
    Ok(sum)
}

#[cfg_attr(not(feature = "plain"), locked("first", on_lost = "finish"))]
async fn early(text: &str) -> Result<usize, LockError> {
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
async fn skipped(list: &mut Vec<u32>) {
    list.push(1);
    std::future::ready(()).await;
    list.push(2);
}

#[cfg_attr(not(feature = "plain"), locked("job_{number}", number = 3, at_most_every = 3600))]
async fn job(id: u32) -> Result<u32, LockError> {
    let more = id + 1;
    Ok(more)
}

#[cfg_attr(not(feature = "plain"), locked("first", "second", "printer"))]
async fn several(left: u32) -> Result<u32, LockError> {
    let more = left + 1;
    Ok(more)
}

#[cfg_attr(not(feature = "plain"), locked("first"))]
async fn branches(list: &[u32], text: &str) -> Result<u32, Box<dyn std::error::Error>> {
    let mut sum = 0;
    for number in list {
        match number {
            1 => sum += 1,
            2 => {
                sum += std::future::ready(2).await;
            }
            _ => return Ok(0),
        }
    }
    let number = text.parse::<u32>().map_err(|error| {
        let text = error.to_string();
        text + "!"
    })?;
    assert_eq!(number, 7);
    let more = async |number: u32| number + 1;
    Ok(more(sum).await)
}

#[cfg_attr(not(feature = "plain"), locked("first"))]
async fn uncalled(number: u32) -> Result<u32, LockError> {
    let more = number + 1;
    std::future::ready(()).await;
    Ok(more)
}

struct Account {
    balance: u32,
}

impl Account {
    #[cfg_attr(not(feature = "plain"), locked("first", shared))]
    async fn balance(&self) -> Result<u32, LockError> {
        let balance = self.balance;
        Ok(balance)
    }

    #[cfg_attr(not(feature = "plain"), locked("first"))]
    async fn deposit(&mut self, amount: u32) -> Result<&mut Self, LockError> {
        self.balance += amount;
        Ok(self)
    }

    #[cfg_attr(not(feature = "plain"), locked("first"))]
    async fn uncalled(self) -> Result<u32, LockError> {
        let balance = self.balance;
        Ok(balance)
    }

    #[cfg_attr(not(feature = "plain"), locked("first"))]
    async fn close(mut self) -> Result<u32, LockError> {
        self.balance += 1;
        Ok(self.balance)
    }
}

#[async_trait::async_trait]
trait Interest {
    async fn add(&mut self, id: u32) -> Result<u32, LockError>;
    async fn below(&mut self, id: u32) -> Result<u32, LockError>;
}

#[async_trait::async_trait]
impl Interest for Account {
    #[cfg_attr(not(feature = "plain"), locked("customer_{id}"))]
    async fn add(&mut self, id: u32) -> Result<u32, LockError> {
        self.balance += id;
        Ok(self.balance)
    }

    #[cfg_attr(not(feature = "plain"), locked("job_{number}", number = 4, at_most_every = 3600))]
    async fn below(&mut self, id: u32) -> Result<u32, LockError> {
        self.balance += id;
        Ok(self.balance)
    }
}

pub(crate) async fn run() -> Result<(), LockError> {
    assert_eq!(value(1, 2).await?, 3);
    assert_eq!(early("one").await?, 3);
    let mut list = Vec::new();
    skipped(&mut list).await;
    assert_eq!(list.len(), 2);
    assert_eq!(job(1).await?, 2);
    assert_eq!(several(1).await?, 2);
    assert_eq!(branches(&[1, 2], "7").await.expect("a number"), 4);
    let mut account = Account { balance: 1 };
    assert_eq!(account.balance().await?, 1);
    account.deposit(1).await?;
    assert_eq!(account.add(1).await?, 3);
    assert_eq!(account.below(1).await?, 4);
    assert_eq!(account.close().await?, 5);
    Ok(())
}
