//! [`Limit`]: how long the server lets a statement wait for a lock.

use crate::timeout::Deadline;

/// How long a statement may wait for a lock, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    Forever,
    Once,
    Millis(i32),
}

impl Limit {
    pub(super) fn new(deadline: Deadline) -> Self {
        match deadline {
            Deadline::Never | Deadline::At { .. } => Self::Forever,
            Deadline::Once => Self::Once,
            Deadline::After(limit) => {
                let millis = limit.as_nanos().div_ceil(1_000_000);
                // The server cannot limit a wait to more than 24 days.
                i32::try_from(millis).map_or(Self::Forever, Self::Millis)
            }
        }
    }

    /// What is left of it, as an expression for a value of `lock_timeout`, which is 0 for no limit.
    pub(super) fn remaining(self) -> String {
        match self {
            Self::Forever => "'0'".to_owned(),
            Self::Once => "'1'".to_owned(),
            Self::Millis(millis) => format!(
                "greatest(1, ceil({millis} - 1000 * \
                 extract(epoch FROM clock_timestamp() - statement_timestamp())))::int::text"
            ),
        }
    }
}
