//! Functions that block.

use std::collections::HashMap;
use std::fmt::Display;

use jam_lock::{Holder, LockError, Locks};

/// A value with methods.
#[derive(Debug, Default)]
pub struct Stock {
    pieces: HashMap<u32, u32>,
}

/// A trait with methods.
pub trait Shelf {
    /// Puts something on it.
    ///
    /// # Errors
    /// If the lock is not acquired.
    fn put(&mut self, pieces: u32) -> Result<u32, LockError>;
}

/// Ends without a value.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("first", or_else = jam_lock::skip))]
pub fn unit() {
    let number = 1_u32;
    drop(number.to_string());
}

/// Ends with a value.
///
/// # Errors
/// If the lock is not acquired.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("first"))]
pub fn value(left: u32, right: u32) -> Result<u32, LockError> {
    return Ok(left.wrapping_add(right));
}

/// A job.
///
/// # Errors
/// If the lock is not acquired.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("first", at_most_every = 3600))]
pub fn job(text: &str) -> Result<usize, LockError> {
    if text.is_empty() {
        return Ok(0);
    }
    return Ok(text.len());
}

/// A job without a value.
#[cfg_attr(
    not(feature = "plain"),
    jam_lock::locked("first", at_most_every = 3600, or_else = jam_lock::skip)
)]
pub fn unit_job() {
    let number = 1_u32;
    drop(number.to_string());
}

/// Returns early.
///
/// # Errors
/// If the lock is not acquired.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("first", timeout = 10))]
pub fn early(text: &str) -> Result<usize, LockError> {
    if text.is_empty() {
        return Ok(0);
    }
    let length = value(1, 2)?;
    return Ok(text.len() + length as usize);
}

/// Has another error.
///
/// # Errors
/// If the text is no number.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("first", timeout = 0.5, shared))]
pub fn other_error(text: &str) -> Result<u32, Box<dyn std::error::Error>> {
    let number: u32 = text.parse()?;
    Ok(number)
}

/// Recovers from a death.
///
/// # Errors
/// If the lock is not acquired.
#[cfg_attr(
    not(feature = "plain"),
    jam_lock::locked("first", "second", timeout = limit, recover = recover, reentrant)
)]
pub fn recovers(limit: u32) -> Result<u32, LockError> {
    return Ok(limit);
}

/// Is called after a death.
///
/// # Errors
/// Never.
pub fn recover(holder: &Holder) -> Result<(), LockError> {
    drop(holder.clone());
    Ok(())
}

/// Is for one customer.
///
/// # Errors
/// If the lock is not acquired.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("customer_{id}", id = id, locks = locks))]
pub fn keyed(id: u32, locks: &Locks) -> Result<String, LockError> {
    Ok(format!("{id} {}", locks.location()))
}

/// Is called after a timeout.
#[must_use]
pub fn no(_: LockError) -> bool {
    return false;
}

/// Has an answer of its own.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("first", timeout = 1, or_else = no))]
#[must_use]
pub fn answers() -> bool {
    return true;
}

/// Has patterns, generic parameters and an `impl Trait`.
///
/// # Errors
/// If the lock is not acquired.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("first"))]
pub fn generic<'text, T: Display, const N: usize>(
    (left, right): (u32, u32),
    numbers: [T; N],
    mut more: impl Iterator<Item = &'text str>,
    _ignored: u8,
) -> Result<String, LockError>
where
    T: Clone,
{
    let next = more.next().unwrap_or("");
    Ok(format!("{left}{right}{next}{}", numbers.len()))
}

/// Has a foreign interface.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("first", or_else = jam_lock::skip))]
pub extern "C" fn foreign(number: u32) -> u32 {
    number
}

/// Is called after a timeout.
pub fn stop(_: LockError) -> ! {
    std::process::exit(1)
}

/// Never returns.
#[cfg_attr(not(feature = "plain"), jam_lock::locked("first", or_else = stop))]
pub fn never() -> ! {
    std::process::exit(0)
}

impl Stock {
    /// Reads.
    ///
    /// # Errors
    /// If the lock is not acquired.
    #[cfg_attr(not(feature = "plain"), jam_lock::locked("first", shared))]
    pub fn count(&self, customer: u32) -> Result<u32, LockError> {
        let pieces = self.pieces.get(&customer).copied();
        Ok(pieces.unwrap_or(0))
    }

    /// Writes.
    ///
    /// # Errors
    /// If the lock is not acquired.
    #[cfg_attr(not(feature = "plain"), jam_lock::locked("customer_{id}"))]
    pub fn add(&mut self, id: u32, pieces: u32) -> Result<&mut Self, LockError> {
        self.pieces.insert(id, pieces);
        Ok(self)
    }

    /// Consumes.
    ///
    /// # Errors
    /// If the lock is not acquired.
    #[cfg_attr(not(feature = "plain"), jam_lock::locked("first"))]
    pub fn into_count(self) -> Result<usize, LockError> {
        if self.pieces.is_empty() {
            return Ok(0);
        }
        return Ok(self.pieces.into_keys().count());
    }

    /// Consumes, and changes first.
    ///
    /// # Errors
    /// If the lock is not acquired.
    #[cfg_attr(not(feature = "plain"), jam_lock::locked("first"))]
    #[track_caller]
    pub fn with(mut self, id: u32) -> Result<Self, LockError> {
        self.pieces.insert(id, value(1, 2)?);
        return Ok(self);
    }
}

impl Shelf for Stock {
    #[cfg_attr(not(feature = "plain"), jam_lock::locked("second"))]
    fn put(&mut self, pieces: u32) -> Result<u32, LockError> {
        self.pieces.insert(0, pieces);
        Ok(pieces)
    }
}
