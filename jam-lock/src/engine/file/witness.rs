//! Who holds a lock file at the moment, where that is certain.
//!
//! A record says who holds the lock, but whoever wrote it may have died since, and another have
//! taken the lock that writes none. So the holder is one that the system itself names, and the
//! record is believed where it is that one's. Only Linux names them.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod lock_table;

#[cfg(target_os = "linux")]
pub(super) use self::linux::holder;

/// Nobody who is certain.
#[cfg(not(target_os = "linux"))]
pub(super) fn holder(_: &std::path::Path) -> Option<crate::holder::Holder> {
    None
}
