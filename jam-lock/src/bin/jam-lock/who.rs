//! `who`: the holder of one lock.

use std::ffi::OsStr;

use jam_lock::{LockName, State, Status};

use super::error::Error;
use super::exit::Exit;
use super::{location, output, text};

/// Printed for a name without any trace, which may be misspelt. A keyed name that is free has none.
const UNUSED: &str = "free (no use of it is recorded here)";

/// Prints the holder of the lock `name` at `location`; the exit status is 1 if it is free.
pub(crate) fn who(location: &OsStr, name: &LockName) -> Result<Exit, Error> {
    let status = location::open_existing(location)?.lock(name.clone()).status()?;
    output::print(format_args!("{}\n", sentence(&status)))?;
    match status.state() {
        State::Unknown => Err(Error::Usage("cannot determine whether the lock is held")),
        state => Ok(Exit::Status(u8::from(!state.is_held()))),
    }
}

fn sentence(status: &Status) -> String {
    let state = status.state();
    let sentence = match (status.holder(), status.abandoned()) {
        (Some(holder), _) => text::held_by(holder),
        (None, _) if state.is_held() => format!("held by an unknown process ({state})"),
        (None, Some(died)) => format!("{state}; {}", text::died_inside(died)),
        (None, None) if state == State::Free && status.token().is_none() => UNUSED.to_owned(),
        (None, None) => state.to_string(),
    };
    match status.unreleased() {
        Some(holder) => format!("{sentence}; {}", text::not_released_by(holder)),
        None => sentence,
    }
}
