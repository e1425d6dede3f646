//! [`Target`]: a lock, as the statements name it.

use super::limit::Limit;
use crate::engine::Mode;

/// A lock, as the statements name it.
pub(super) struct Target {
    pub(super) key: i64,
    /// A literal, as `name` is.
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) is_keyed: bool,
    /// The table with its schema, quoted.
    pub(super) table: String,
    pub(super) mode: Mode,
    pub(super) limit: Limit,
}
