//! What `watch` shows in a terminal of limited size.

use std::time::Duration;

use console::{measure_text_width, truncate_str};
use jam_lock::{State, Status};

use crate::output::plain;
use crate::table::{self, Format};
use crate::text::cut;

/// Where the locks are, the interval, and how to quit.
pub(super) fn title(location: &str, is_default: bool, interval: Duration, width: usize) -> String {
    let default = if is_default { " (default)" } else { "" };
    let rest = format!("{default}, every {} s; q to quit", interval.as_secs_f64());
    let room = width.saturating_sub("locks of ".len() + rest.len());
    format!("locks of {}{rest}", cut(&plain(location), room))
}

/// The table of the most interesting locks, and the number of hidden ones.
pub(super) fn table(mut found: Vec<Status>, height: usize, format: Format) -> Vec<String> {
    found.sort_by(|one, other| (rank(one), one.name()).cmp(&(rank(other), other.name())));
    let room = height.saturating_sub(1);
    let all_fit = found.len() <= room;
    // The last line counts the hidden ones.
    let shown = if all_fit { found.len() } else { room.saturating_sub(1) };
    let mut lines = table::lines(&found[..shown], format);
    if !all_fit {
        lines.push(more(&found[shown..]));
    }
    lines
}

/// Locks in use come first, then abandoned ones, then the rest.
fn rank(status: &Status) -> u8 {
    let is_in_use = status.state().is_held() || status.waiting().is_some_and(|count| count > 0);
    match status.abandoned().or(status.unreleased()) {
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

/// A sentence wrapped at `width`.
pub(super) fn wrapped(sentence: &str, width: usize) -> Vec<String> {
    let sentence = plain(sentence);
    let (mut lines, mut rest) = (Vec::new(), sentence.as_str());
    while measure_text_width(rest) > width {
        let room = truncate_str(rest, width, "").len();
        // A word that is wider than a line is split.
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
