//! `watch`: the list of all locks, live.

#[cfg(unix)]
mod event;
#[cfg(unix)]
mod screen;
#[cfg(unix)]
mod tree;
#[cfg(unix)]
mod view;

use std::time::Duration;

use super::color::ColorArguments;
use super::error::Error;
use super::exit::Exit;
use super::location::Location;

/// The lines above the table: the title, and an empty one.
#[cfg(unix)]
const HEADER_LINES: usize = 2;

/// Shows the locks at `location` until the user quits, as a table or, if `is_tree` is set, as a tree.
#[cfg(unix)]
pub(crate) fn watch(
    location: &Location,
    interval: Duration,
    mut is_tree: bool,
    colors: ColorArguments,
) -> Result<Exit, Error> {
    use self::event::{Event, Events};
    use self::screen::Screen;
    use super::table::Format;

    if !Screen::is_available() {
        return Err(Error::Usage("`watch` needs a terminal: use `jam-lock list`"));
    }
    let locks = location.open_existing()?;
    let events = Events::new()?;
    let has_colors = colors.are_used();
    let format = |width| Format { width: Some(width), has_colors };
    let mut screen = Screen::enter()?;
    loop {
        let (height, width) = screen.size();
        let title = view::title(&locks.location(), location.is_default(), interval, width);
        let below = match locks.list() {
            Ok(found) if is_tree => {
                tree::tree(&found, &locks.location(), height.saturating_sub(HEADER_LINES), width)
            }
            Ok(found) => view::table(found, height.saturating_sub(HEADER_LINES), format(width)),
            Err(error) => view::wrapped(&error.to_string(), width),
        };
        screen.show(&[vec![title, String::new()], below].concat())?;
        match events.next(interval) {
            Some(Event::Quit) => return Ok(Exit::SUCCESS),
            Some(Event::Terminate(signal)) => return Ok(Exit::Signal(signal)),
            Some(Event::Suspend) => {
                drop(screen);
                super::suspend::suspend();
                screen = Screen::enter()?;
            }
            Some(Event::SwitchView) => is_tree = !is_tree,
            Some(Event::Redraw) | None => {}
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn watch(_: &Location, _: Duration, _: bool, _: ColorArguments) -> Result<Exit, Error> {
    Err(Error::Usage("`watch` needs a Unix terminal: use `jam-lock list`"))
}
