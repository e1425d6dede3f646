//! What the values of arguments may be, with an error of its own for each that is of another type.

use std::time::Duration;

use crate::locks::Locks;
use crate::name::LockName;
use crate::timeout::Timeout;

/// The lock name that an expression in place of a literal refers to.
pub fn lock_name(name: &(impl AsLockName + ?Sized)) -> LockName {
    name.as_lock_name().clone()
}

/// An expression that can be written in place of a literal name: a `LockName`, or a reference to one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a lock name",
    label = "expected a `LockName`",
    note = "write a declared name as a literal, such as `\"invoice_saved\"`, or as a constant of \
            `lock_names`; for a name that is known only at run time, write `LockName::new(…)?`"
)]
pub trait AsLockName {
    /// The name.
    fn as_lock_name(&self) -> &LockName;
}

impl AsLockName for LockName {
    fn as_lock_name(&self) -> &LockName {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T: AsLockName + ?Sized> AsLockName for &T {
    fn as_lock_name(&self) -> &LockName {
        T::as_lock_name(self)
    }
}

/// The value of `timeout`, if it is an expression.
pub fn timeout(value: impl IntoTimeout) -> Timeout {
    value.into_timeout()
}

/// A value of `timeout`: anything that is `Into<Timeout>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a timeout",
    label = "expected a `Duration`, or whole seconds as `u64`, `u32`, `i64` or `i32`",
    note = "write `Duration::from_secs_f64(…)` for a float, `… as u64` for another integer, and `-1` or \
            `Timeout::FOREVER` to wait forever"
)]
pub trait IntoTimeout {
    /// The timeout.
    fn into_timeout(self) -> Timeout;
}

#[diagnostic::do_not_recommend]
impl<T: Into<Timeout>> IntoTimeout for T {
    fn into_timeout(self) -> Timeout {
        self.into()
    }
}

/// The value of `at_most_every`; `None` if it is negative.
#[derive(Clone, Copy, Debug)]
pub struct Period(pub(super) Option<Duration>);

/// The value of `at_most_every`.
pub fn period(value: impl IntoPeriod) -> Period {
    Period(value.into_period())
}

/// A value of `at_most_every`: a `Duration`, or whole seconds.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a period",
    label = "expected a `Duration`, or whole seconds as `u64`, `u32`, `i64` or `i32`",
    note = "write `Duration::from_secs_f64(…)` for a float, and `… as u64` for another integer"
)]
pub trait IntoPeriod {
    /// The period, unless it is negative.
    fn into_period(self) -> Option<Duration>;
}

impl IntoPeriod for Duration {
    fn into_period(self) -> Option<Duration> {
        Some(self)
    }
}

impl IntoPeriod for u64 {
    fn into_period(self) -> Option<Duration> {
        Some(Duration::from_secs(self))
    }
}

impl IntoPeriod for u32 {
    fn into_period(self) -> Option<Duration> {
        u64::from(self).into_period()
    }
}

impl IntoPeriod for i64 {
    fn into_period(self) -> Option<Duration> {
        u64::try_from(self).ok()?.into_period()
    }
}

impl IntoPeriod for i32 {
    fn into_period(self) -> Option<Duration> {
        i64::from(self).into_period()
    }
}

/// A value of `locks`: anything that is `AsRef<Locks>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Locks`",
    label = "expected a `Locks`, a reference to one or an `Arc` of one",
    note = "a folder is opened first, once: `let locks = Locks::open(\"…\")?;`"
)]
pub trait AsLocks {
    /// The locks.
    fn as_locks(&self) -> &Locks;
}

#[diagnostic::do_not_recommend]
impl<T: AsRef<Locks> + ?Sized> AsLocks for T {
    fn as_locks(&self) -> &Locks {
        self.as_ref()
    }
}
