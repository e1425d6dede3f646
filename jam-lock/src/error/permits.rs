//! The message of [`LockError::PermitsDiffer`](super::LockError::PermitsDiffer).

use std::fmt;

use crate::holder::Holder;
use crate::name::LockName;

/// Displays a disagreement on the number of permits.
pub(super) struct PermitsMessage<'a> {
    pub(super) name: &'a LockName,
    pub(super) location: &'a str,
    pub(super) here: u32,
    pub(super) there: u32,
    pub(super) holder: &'a Holder,
}

impl fmt::Display for PermitsMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, location, here, there, holder } = self;
        write!(
            f,
            "lock `{name}` ({location}) has {} here, and {there} for its holder, {holder}; give it the \
             same number in all programs, and restart those that still have another",
            Count(*here)
        )
    }
}

/// A number of permits.
struct Count(u32);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 permit"),
            count => write!(f, "{count} permits"),
        }
    }
}
