//! `who`: the holder of one lock.

use jam_lock::{LockName, Locks, State, Status};

use super::error::Error;
use super::exit::Exit;
use super::location::Location;
use super::{output, suggestion, text};

/// Prints the holder of the lock `name` at `location`; the exit status is 1 if it is free.
pub(crate) fn who(location: &Location, name: &LockName) -> Result<Exit, Error> {
    let locks = location.open_existing()?;
    let status = locks.lock(name.clone()).status()?;
    let status = with_permits(&locks, name).unwrap_or(status);
    let is_unused = status.state() == State::Free
        && status.token().is_none()
        && status.abandoned().or(status.unreleased()).is_none()
        && status.last_run().is_none();
    let sentence = if is_unused { unused(location, &locks, name) } else { sentence(&status) };
    output::print(format_args!("{sentence}\n"))?;
    match status.state() {
        State::Unknown => Err(Error::Usage("cannot determine whether the lock is held")),
        state => Ok(Exit::Status(u8::from(!state.is_held()))),
    }
}

/// The status of the lock `name`, if it is seen to have several permits.
fn with_permits(locks: &Locks, name: &LockName) -> Option<Status> {
    let found = locks.list().ok()?;
    found.into_iter().find(|it| it.name() == name.as_str() && !it.permits().is_empty())
}

/// A name without any trace, which may be misspelt. A keyed name that is free has none.
fn unused(location: &Location, locks: &Locks, name: &LockName) -> String {
    let default = if location.is_default() { ", the default location" } else { "" };
    let here = locks.location();
    let did_you_mean = suggestion::did_you_mean(locks, name).unwrap_or_default();
    format!("free (no use of it is recorded in {here}{default}{did_you_mean})")
}

fn sentence(status: &Status) -> String {
    let state = status.state();
    if let State::Permits { held, of } = state {
        let holders = status.permits().iter().filter(|permit| permit.state().is_held());
        let holders: Vec<_> = holders.map(sentence).collect();
        return format!("{held} of {of} permits held: {}", holders.join("; "));
    }
    let sentence = match (status.holder(), status.abandoned()) {
        (Some(holder), _) => text::held_by_one(state, holder),
        (None, _) if state.is_held() => format!("held by an unknown process ({state})"),
        (None, Some(died)) => format!("{state}; {}", text::died_inside(died)),
        (None, None) => state.to_string(),
    };
    let unreleased = status.unreleased().map(text::not_released_by);
    let last_run = status.last_run().map(text::last_run_of);
    let parts: Vec<_> = [Some(sentence), unreleased, last_run].into_iter().flatten().collect();
    parts.join("; ")
}
