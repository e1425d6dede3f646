//! `who`: who holds one lock.

use std::ffi::OsStr;

use jam_lock::State;

use super::ending::{Ending, Trouble};
use super::{output, place, table};

/// Prints who holds the lock `name` at `place`; status 1 where nobody does.
pub(crate) fn who(place: &OsStr, name: &str) -> Result<Ending, Trouble> {
    let found = place::survey(place)?.into_iter().find(|status| status.name() == name);
    let state = found.as_ref().map_or(State::Free, jam_lock::Status::state);
    let text = match found.as_ref().and_then(|status| status.holder()) {
        Some(holder) => table::holder(holder),
        None if state.is_held() => format!("held by a {state}, who is not known"),
        None => state.to_string(),
    };
    output::print(format_args!("{text}\n"))?;
    match state {
        State::Unknown => Err(Trouble::Senseless("whether the lock is held cannot be seen")),
        state => Ok(Ending::Status(u8::from(!state.is_held()))),
    }
}
