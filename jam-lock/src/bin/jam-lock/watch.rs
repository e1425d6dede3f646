//! `watch`: how all locks stand, live.

#[cfg(unix)]
mod event;
#[cfg(unix)]
mod screen;
#[cfg(unix)]
mod view;

use std::ffi::OsStr;
use std::time::Duration;

use super::ending::{Ending, Trouble};

/// How many lines stand above the table: the title, and an empty one.
#[cfg(unix)]
const HEAD: usize = 2;

/// Shows how the locks at `place` stand until somebody has seen enough.
#[cfg(unix)]
pub(crate) fn watch(place: &OsStr, interval: Duration) -> Result<Ending, Trouble> {
    use self::event::{Event, Events};
    use self::screen::Screen;

    if !Screen::is_there() {
        return Err(Trouble::Senseless("only a terminal can be watched: use `jam-lock list`"));
    }
    let locks = super::place::look_at(place)?;
    let events = Events::of_this_process()?;
    let mut screen = Screen::enter()?;
    loop {
        let (height, width) = screen.size();
        let title = view::title(&locks.location(), interval, width);
        let below = match locks.list() {
            Ok(found) => view::of(found, height.saturating_sub(HEAD), width),
            Err(error) => view::wrapped(&error.to_string(), width),
        };
        screen.show(&[vec![title, String::new()], below].concat())?;
        match events.next(interval) {
            Some(Event::Enough) => return Ok(Ending::Status(0)),
            Some(Event::End(signal)) => return Ok(Ending::Signal(signal)),
            Some(Event::Stop) => {
                drop(screen);
                super::stop::stop();
                screen = Screen::enter()?;
            }
            Some(Event::Look) | None => {}
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn watch(_: &OsStr, _: Duration) -> Result<Ending, Trouble> {
    Err(Trouble::Senseless("`watch` is for Unix terminals: use `jam-lock list`"))
}
