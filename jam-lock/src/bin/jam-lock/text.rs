//! Locks and holders as a person reads them.

use std::time::Duration;

use console::{Alignment, measure_text_width, pad_str, truncate_str};
use jam_lock::{Holder, Status};

use crate::output::plain;

/// The columns; tokens are for programs, which read JSON.
const TITLES: [&str; 5] = ["NAME", "STATE", "HELD FOR", "WAITING", "HOLDER"];

/// The table: a line of titles, and a line for each lock with its name cut to `name_width`.
pub(crate) fn table(locks: &[Status], name_width: usize) -> Vec<String> {
    let titles = TITLES.map(ToOwned::to_owned);
    let rows: Vec<_> =
        [titles].into_iter().chain(locks.iter().map(|status| row(status, name_width))).collect();
    let widths: [usize; TITLES.len()] = std::array::from_fn(|column| {
        rows.iter().map(|row| measure_text_width(&row[column])).max().unwrap_or(0)
    });
    let line = |row: &[String; TITLES.len()]| {
        let cells = row.iter().zip(widths);
        let cells: Vec<_> =
            cells.map(|(cell, width)| pad_str(cell, width, Alignment::Left, None)).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn row(status: &Status, name_width: usize) -> [String; TITLES.len()] {
    let held_for = status.holder().and_then(Holder::held_for).map(duration);
    let holder = match (status.holder(), status.abandoned()) {
        (Some(holder), _) => Some(plain(&holder.to_string())),
        (None, Some(died)) => Some(died_inside(died)),
        (None, None) => None,
    };
    let holders: Vec<_> =
        holder.into_iter().chain(status.unreleased().map(not_released_by)).collect();
    [
        cut(&plain(status.name()), name_width),
        status.state().to_string(),
        held_for.unwrap_or_default(),
        status.waiting().map_or_else(|| "?".to_owned(), |count| count.to_string()),
        holders.join("; "),
    ]
}

/// The holder of a lock, in a phrase that begins with `held`.
pub(crate) fn held_by(holder: &Holder) -> String {
    let by = plain(&holder.to_string());
    match holder.held_for() {
        Some(held_for) => format!("held for {} by {by}", duration(held_for)),
        None => format!("held by {by}"),
    }
}

/// The process that died while holding a lock.
pub(crate) fn died_inside(holder: &Holder) -> String {
    format!("died inside: {}", plain(&holder.to_string()))
}

/// The holder that has not released a lock which it does not have any more.
pub(crate) fn not_released_by(holder: &Holder) -> String {
    format!("not released by {}", plain(&holder.to_string()))
}

/// The beginning and the end of `text`, if it is wider than `width`.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if measure_text_width(text) <= width {
        return text.to_owned();
    }
    let end = width.saturating_sub(1) / 2;
    let begin = truncate_str(text, width - end, "…");
    let mut behind = text;
    while measure_text_width(behind) > end {
        let mut rest = behind.chars();
        rest.next();
        behind = rest.as_str();
    }
    format!("{begin}{behind}")
}

/// A duration as a person would say it: tenths of a second, or its two greatest units.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}
