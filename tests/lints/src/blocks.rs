//! Blocks.

use jam_lock::LockError;

/// Is the whole body.
///
/// # Errors
/// If the lock is not acquired.
pub fn whole(left: u32, right: u32) -> Result<u32, LockError> {
    return locked!("first", { left.wrapping_add(right) });
}

/// Is a part of the body.
///
/// # Errors
/// If the lock is not acquired.
pub fn part(left: u32, right: u32) -> Result<u32, LockError> {
    let sum = locked!("first", {
        let sum = left.wrapping_add(right);
        if sum == 0 {
            return Ok(1);
        }
        sum
    })?;
    return Ok(sum.wrapping_add(1));
}

/// Is nested.
///
/// # Errors
/// If a lock is not acquired.
pub fn nested(left: u32) -> Result<u32, LockError> {
    let sum = locked!("first", { locked!("second", { left.wrapping_add(1) }) })?;
    return sum;
}

/// Is a future.
///
/// # Errors
/// If the lock is not acquired.
pub async fn future(left: u32) -> Result<u32, LockError> {
    return locked!("first", async {
        std::future::ready(()).await;
        return left.wrapping_add(1);
    })
    .await;
}

/// Is a future with its variables.
///
/// # Errors
/// If the lock is not acquired.
pub async fn moving(text: String) -> Result<usize, LockError> {
    let length = locked!("first", async move {
        std::future::ready(()).await;
        return text.len();
    })
    .await?;
    return Ok(length);
}

/// Uses its proof.
///
/// # Errors
/// If the lock is not acquired.
pub fn proof() -> Result<usize, LockError> {
    return locked!("first", guard = held, { size_of_val(held) });
}

/// Uses the proof of one of its locks.
///
/// # Errors
/// If a lock is not acquired.
pub fn proofs() -> Result<usize, LockError> {
    return locked!("first", "second", guard = held, { size_of_val(held.1) });
}
