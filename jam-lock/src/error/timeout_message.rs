//! The message of [`LockError::Timeout`](super::LockError::Timeout).

use std::fmt;
use std::time::Duration;

use crate::holder::{Confirmation, Holder, Tenths};
use crate::name::LockName;

/// Displays a timeout; the text depends on whether the acquisition waited.
pub(super) struct TimeoutMessage<'a> {
    pub(super) name: &'a LockName,
    pub(super) location: &'a str,
    pub(super) waited: Duration,
    pub(super) holder: Option<&'a Holder>,
    pub(super) blocked_on: Option<&'a str>,
}

impl fmt::Display for TimeoutMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, location, waited, holder, blocked_on } = self;
        if waited.is_zero() {
            write!(f, "lock `{name}` ({location}) is already held, and the timeout is 0")?;
        } else {
            let waited = Tenths(*waited);
            write!(f, "timed out after {waited} waiting for lock `{name}` ({location})")?;
        }
        if let Some(blocked_on) = blocked_on {
            write!(f, ": {blocked_on}")?;
        }
        match holder {
            None => Ok(()),
            Some(holder) if holder.confirmation == Confirmation::AwaitsStandby => write!(
                f,
                ": granted to {holder}; start the standby, or change synchronous_standby_names"
            ),
            Some(holder) => {
                match holder.held_for() {
                    Some(held_for) => write!(f, ": held for {} by {holder}", Tenths(held_for))?,
                    None => write!(f, ": held by {holder}")?,
                }
                holder.write_wait(f)
            }
        }
    }
}
