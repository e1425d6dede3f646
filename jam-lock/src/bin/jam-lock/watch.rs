//! `watch`: how all locks stand, live.

#[cfg(unix)]
mod event;
#[cfg(unix)]
mod screen;

use std::ffi::OsStr;
use std::time::Duration;

use super::ending::{Ending, Trouble};

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
        let text = match locks.survey() {
            Ok(found) => super::table::table(&found),
            Err(error) => format!("{error}\n"),
        };
        screen.show(&title(place, interval), &text)?;
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

#[cfg(unix)]
fn title(place: &OsStr, interval: Duration) -> String {
    // A URL may have a password.
    let place = place.to_string_lossy();
    let shown = match place.split_once("://") {
        Some((scheme, rest)) => {
            let server = rest.rsplit_once('@').map_or(rest, |(_, server)| server);
            format!("{scheme}://{}", server.split('?').next().unwrap_or_default())
        }
        None => place.into_owned(),
    };
    format!("locks of {shown}, every {} s; q to quit", interval.as_secs_f64())
}
