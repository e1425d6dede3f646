//! Whether a signal was also sent to the processes around this one.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
pub(super) use self::elsewhere::Listener;
#[cfg(target_os = "linux")]
pub(super) use self::linux::Listener;
#[cfg(target_os = "linux")]
pub(crate) use self::linux::listen_if_started_as_listener;
