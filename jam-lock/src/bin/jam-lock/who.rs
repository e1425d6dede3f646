//! `who`: the holder of one lock.

use std::ffi::OsStr;

use jam_lock::{LockName, State, Status};

use super::ending::{Ending, Trouble};
use super::{output, place, table};

/// What is printed of a name that leaves no trace: it may be misspelt. A keyed name leaves none when it
/// is free.
const UNUSED: &str = "free: no use of it is recorded here";

/// Prints the holder of the lock `name` at `place`; status 1 where nobody holds it.
pub(crate) fn who(place: &OsStr, name: &LockName) -> Result<Ending, Trouble> {
    let status = place::look_at(place)?.lock(name.clone()).status()?;
    output::print(format_args!("{}\n", sentence(&status)))?;
    match status.state() {
        State::Unknown => Err(Trouble::Senseless("whether the lock is held cannot be seen")),
        state => Ok(Ending::Status(u8::from(!state.is_held()))),
    }
}

fn sentence(status: &Status) -> String {
    let state = status.state();
    match (status.holder(), status.abandoned()) {
        (Some(holder), _) => table::holder(holder),
        (None, _) if state.is_held() => format!("held by a {state}, who is not known"),
        (None, Some(died)) => format!("{state}; {}", table::died_inside(died)),
        (None, None) if state == State::Free && status.token().is_none() => UNUSED.to_owned(),
        (None, None) => state.to_string(),
    }
}
