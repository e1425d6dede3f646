//! Unwind safety: these types can be used after a panic was caught.
//!
//! No code of the user runs under a mutex or a borrow of this library, so a panic in a section, an observer
//! or a waker leaves no state half-changed, and a guard that it unwinds through releases its lock.

use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::guard::{LockGuard, LockGuards};
use crate::lock::Lock;
use crate::lock_set::LockSet;
use crate::locks::{Locks, LocksBuilder};

impl UnwindSafe for Locks {}
impl RefUnwindSafe for Locks {}
impl UnwindSafe for LocksBuilder {}
impl RefUnwindSafe for LocksBuilder {}
impl UnwindSafe for Lock {}
impl RefUnwindSafe for Lock {}
impl UnwindSafe for LockSet {}
impl RefUnwindSafe for LockSet {}
impl UnwindSafe for LockGuard {}
impl RefUnwindSafe for LockGuard {}
impl UnwindSafe for LockGuards {}
impl RefUnwindSafe for LockGuards {}
