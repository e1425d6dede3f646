//! The message of [`LockError::TooSoon`](super::LockError::TooSoon).

use std::fmt;
use std::time::SystemTime;

use crate::holder::Holder;
use crate::name::LockName;
use crate::utc::Seconds;

/// Displays that a job has run already.
pub(super) struct TooSoonMessage<'a> {
    pub(super) name: &'a LockName,
    pub(super) location: &'a str,
    pub(super) last: SystemTime,
    pub(super) next: Option<SystemTime>,
    pub(super) holder: Option<&'a Holder>,
}

impl fmt::Display for TooSoonMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, location, last, next, holder } = self;
        write!(f, "too soon to run under lock `{name}` ({location}): the last run")?;
        if let Some(holder) = holder {
            write!(f, ", by {holder},")?;
        }
        write!(f, " began at {}", Seconds(*last))?;
        match next {
            Some(next) => write!(f, ", so the next may begin at {}", Seconds(*next)),
            None => f.write_str(", and there may be no other"),
        }
    }
}
