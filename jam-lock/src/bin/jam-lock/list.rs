//! `list`: every lock with its holder and the number of waiters.

use console::Term;
use jam_lock::Status;

use super::color::ColorArguments;
use super::error::{CHOOSE_ANOTHER, Error};
use super::exit::Exit;
use super::location::Location;
use super::table::{self, Format};
use super::{json, output};

/// Prints the status of every lock at `location`.
pub(crate) fn list(
    location: &Location,
    as_json: bool,
    colors: ColorArguments,
) -> Result<Exit, Error> {
    let locks = location.open_existing()?;
    let found = locks.list()?;
    if as_json {
        output::print(json::list(&found))?;
        return Ok(Exit::SUCCESS);
    }
    if location.is_default() {
        let folder = locks.location();
        output::say(format_args!("locks of {folder}, the default; {CHOOSE_ANOTHER}"));
    }
    output::print(table(&found, colors))?;
    Ok(Exit::SUCCESS)
}

/// The table; in full, unless a terminal would wrap its lines, because another program may read it.
fn table(locks: &[Status], colors: ColorArguments) -> String {
    let terminal = Term::stdout();
    let width = terminal.is_term().then(|| usize::from(terminal.size().1));
    let format = Format { width, has_colors: colors.are_used() };
    table::lines(locks, format).into_iter().map(|line| line + "\n").collect()
}
