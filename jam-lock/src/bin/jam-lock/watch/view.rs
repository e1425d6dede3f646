//! What is shown of all locks where there is not room for everything.

use std::time::Duration;

use console::{measure_text_width, truncate_str};
use jam_lock::{State, Status};

use crate::output::plain;
use crate::table::{cut, lines};

/// Where the locks are, how often somebody looks, and how to end that.
pub(super) fn title(place: &str, interval: Duration, width: usize) -> String {
    let rest = format!(", every {} s; q to quit", interval.as_secs_f64());
    let room = width.saturating_sub("locks of ".len() + rest.len());
    format!("locks of {}{rest}", cut(&plain(place), room))
}

/// The table of the locks that somebody would look for first, and how many more there are.
pub(super) fn of(mut found: Vec<Status>, height: usize, width: usize) -> Vec<String> {
    found.sort_by(|one, other| (rank(one), one.name()).cmp(&(rank(other), other.name())));
    let room = height.saturating_sub(1);
    let is_enough = found.len() <= room;
    // The last line is for the others.
    let shown = if is_enough { found.len() } else { room.saturating_sub(1) };
    let mut text = lines(&found[..shown], width / 3);
    if !is_enough {
        text.push(more(&found[shown..]));
    }
    text
}

/// Those that are in use, those that somebody died with, and the rest.
fn rank(status: &Status) -> u8 {
    let is_in_use = status.state().is_held() || status.waiting().is_some_and(|count| count > 0);
    match status.abandoned() {
        _ if is_in_use => 0,
        Some(_) => 1,
        None => 2,
    }
}

fn more(hidden: &[Status]) -> String {
    let held = hidden.iter().filter(|status| status.state().is_held()).count();
    let are_free = hidden.iter().all(|status| status.state() == State::Free);
    let what = match held {
        0 if are_free => ", all free".to_owned(),
        0 => String::new(),
        _ => format!(", {held} of them held"),
    };
    format!("… {} more{what}", hidden.len())
}

/// A sentence in as many lines as it takes.
pub(super) fn wrapped(sentence: &str, width: usize) -> Vec<String> {
    let sentence = plain(sentence);
    let (mut lines, mut rest) = (Vec::new(), sentence.as_str());
    while measure_text_width(rest) > width {
        let room = truncate_str(rest, width, "").len();
        // A word that is wider than a line is broken.
        let end = rest[..room].rfind(' ').map_or(room, |space| space + 1);
        if end == 0 {
            break;
        }
        let (line, behind) = rest.split_at(end);
        lines.push(line.to_owned());
        rest = behind;
    }
    lines.push(rest.to_owned());
    lines
}
