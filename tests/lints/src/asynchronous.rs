//! Async functions.

use std::fmt::Display;

use jam_lock::{LockError, Locks};

/// A value with methods.
#[derive(Clone, Debug, Default)]
pub struct Account {
    balance: u32,
}

/// Is awaited.
async fn pause() {
    std::future::ready(()).await;
}

/// Ends without a value.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("first", or_else = jam_lock::skip))]
pub async fn unit() {
    pause().await;
}

/// Ends with a value.
///
/// # Errors
/// If the lock is not acquired.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("first"))]
pub async fn value(left: u32, right: u32) -> Result<u32, LockError> {
    pause().await;
    return Ok(left.wrapping_add(right));
}

/// A job.
///
/// # Errors
/// If the lock is not acquired.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("first", at_most_every = 3600))]
pub async fn job(text: &str) -> Result<usize, LockError> {
    if text.is_empty() {
        return Ok(0);
    }
    pause().await;
    return Ok(text.len());
}

/// Returns early.
///
/// # Errors
/// If the lock is not acquired.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("first", timeout = 10, on_lost = "finish"))]
pub async fn early(text: &str) -> Result<usize, LockError> {
    if text.is_empty() {
        return Ok(0);
    }
    let length = value(1, 2).await?;
    return Ok(text.len() + length as usize);
}

/// Recovers from a death.
///
/// # Errors
/// If the lock is not acquired.
#[cfg_attr(
    not(feature = "plain"),
    jam_lock::locked("first", "second", timeout = limit, recover = super::blocking::recover)
)]
pub async fn recovers(limit: u32) -> Result<u32, LockError> {
    pause().await;
    return Ok(limit);
}

/// Is for one customer.
///
/// # Errors
/// If the lock is not acquired.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("customer_{id}", locks = locks, shared))]
pub async fn keyed(id: u32, locks: &Locks) -> Result<String, LockError> {
    pause().await;
    Ok(format!("{id} {}", locks.location()))
}

/// Has patterns and generic parameters.
///
/// # Errors
/// If the lock is not acquired.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("first"))]
pub async fn generic<T: Display + Clone>(
    (left, right): (u32, u32),
    mut more: Vec<T>,
    _ignored: u8,
) -> Result<String, LockError> {
    pause().await;
    let last = more.pop().map(|last| last.to_string());
    Ok(format!("{left}{right}{}", last.unwrap_or_default()))
}

impl Account {
    /// Reads.
    ///
    /// # Errors
    /// If the lock is not acquired.
    #[cfg_attr(not(feature = "plain"), jam_lock::locked("first", shared))]
    pub async fn balance(&self) -> Result<u32, LockError> {
        pause().await;
        return Ok(self.balance);
    }

    /// Writes.
    ///
    /// # Errors
    /// If the lock is not acquired.
    #[cfg_attr(not(feature = "plain"), jam_lock::locked("first"))]
    pub async fn deposit(&mut self, amount: u32) -> Result<&mut Self, LockError> {
        pause().await;
        self.balance = self.balance.wrapping_add(amount);
        Ok(self)
    }

    /// Consumes.
    ///
    /// # Errors
    /// If the lock is not acquired.
    #[cfg_attr(not(feature = "plain"), jam_lock::locked("first"))]
    pub async fn close(self) -> Result<u32, LockError> {
        pause().await;
        Ok(self.balance)
    }

    /// Consumes, and changes first.
    ///
    /// # Errors
    /// If the lock is not acquired.
    #[cfg_attr(not(feature = "plain"), jam_lock::locked("first"))]
    pub async fn with(mut self, amount: u32) -> Result<Self, LockError> {
        self.deposit(amount).await?;
        return Ok(self);
    }
}
