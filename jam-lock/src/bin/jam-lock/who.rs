//! `who`: who holds one lock.

use std::ffi::OsStr;

use jam_lock::{LockName, State, Status};

use super::ending::{Ending, Trouble};
use super::{output, place, table};

/// What is told of a name that there is nothing of. A keyed name leaves none when it is free.
const UNUSED: &str = "free: there is no trace of it here";

/// Prints who holds the lock `name` at `place`; status 1 where nobody does.
pub(crate) fn who(place: &OsStr, name: &LockName) -> Result<Ending, Trouble> {
    let found = place::survey(place)?.into_iter().find(|status| status.name() == name.as_str());
    let state = found.as_ref().map_or(State::Free, Status::state);
    let text = found.as_ref().map_or_else(|| UNUSED.to_owned(), sentence);
    output::print(format_args!("{text}\n"))?;
    match state {
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
        (None, None) => state.to_string(),
    }
}
