//! Random numbers, without a crate for them.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A random number.
pub(super) fn number() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A random number from 0 to 1.
pub(super) fn fraction() -> f64 {
    f64::from(u32::try_from(number() >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
