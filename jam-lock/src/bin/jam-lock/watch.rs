//! `watch`: the list of all locks, live.

#[cfg(unix)]
mod event;
#[cfg(unix)]
mod screen;
#[cfg(unix)]
mod view;

use std::ffi::OsStr;
use std::time::Duration;

use super::error::Error;
use super::exit::Exit;

/// The lines above the table: the title, and an empty one.
#[cfg(unix)]
const HEADER_LINES: usize = 2;

/// Shows the locks at `location` until the user quits.
#[cfg(unix)]
pub(crate) fn watch(location: &OsStr, interval: Duration) -> Result<Exit, Error> {
    use self::event::{Event, Events};
    use self::screen::Screen;

    if !Screen::is_available() {
        return Err(Error::Usage("`watch` needs a terminal: use `jam-lock list`"));
    }
    let locks = super::location::open_existing(location)?;
    let events = Events::new()?;
    let mut screen = Screen::enter()?;
    loop {
        let (height, width) = screen.size();
        let title = view::title(&locks.location(), interval, width);
        let below = match locks.list() {
            Ok(found) => view::table(found, height.saturating_sub(HEADER_LINES), width),
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
            Some(Event::Redraw) | None => {}
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn watch(_: &OsStr, _: Duration) -> Result<Exit, Error> {
    Err(Error::Usage("`watch` needs a Unix terminal: use `jam-lock list`"))
}
