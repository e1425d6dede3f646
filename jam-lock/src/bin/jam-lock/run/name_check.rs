//! Points out a lock that was never used, whose name or folder may not be the one that was meant.

use std::io::{self, IsTerminal};

use jam_lock::{LockError, Locks, State};

use super::start_error::StartError;
use crate::arguments::RunArguments;
use crate::error::CHOOSE_ANOTHER;
use crate::location::Location;
use crate::output::say;
use crate::suggestion::did_you_mean;

/// Opens the locks. With `--existing`, a lock that was never used is an error; on a terminal, a similar
/// name and a new folder are shown.
pub(super) fn open(location: &Location, arguments: &RunArguments) -> Result<Locks, StartError> {
    let is_shown = io::stderr().is_terminal() && !arguments.quiet;
    let new_folder = location.missing_default().filter(|_| is_shown && !arguments.existing);
    let locks = location.open(!arguments.existing)?;
    if let Some(folder) = new_folder {
        let folder = folder.display();
        say(format_args!("created the lock folder {folder}, the default; {CHOOSE_ANOTHER}"));
    }
    if (arguments.existing || is_shown) && !is_used(&locks, arguments)? {
        let name = &arguments.name();
        let meant = did_you_mean(&locks, name);
        if arguments.existing {
            let location = locks.location();
            let meant = meant.unwrap_or_default();
            return Err(StartError::NeverUsed { name: name.clone(), location, meant });
        }
        if let Some(meant) = meant {
            say(format_args!("lock `{name}` was never used before{meant}"));
        }
    }
    Ok(locks)
}

/// Whether the lock has left a trace: a record, or a file.
fn is_used(locks: &Locks, arguments: &RunArguments) -> Result<bool, LockError> {
    let status = locks.lock(arguments.name()).status()?;
    if status.state() != State::Free || status.token().is_some() {
        return Ok(true);
    }
    Ok(locks.list()?.iter().any(|status| status.name() == arguments.name().as_str()))
}
