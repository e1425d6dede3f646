//! The list of all locks, as a person reads it.

use std::fmt::Write;
use std::time::Duration;

use console::{Alignment, measure_text_width, pad_str};
use jam_lock::{Holder, Status};

const TITLES: [&str; 6] = ["NAME", "STATE", "HELD FOR", "WAITING", "TOKEN", "HOLDER"];

/// The table, a line for each lock below one of titles.
pub(crate) fn table(found: &[Status]) -> String {
    let rows: Vec<_> = found.iter().map(row).collect();
    let titles = TITLES.map(ToOwned::to_owned);
    let widths: [usize; 6] = std::array::from_fn(|column| {
        let lines = rows.iter().chain([&titles]);
        lines.map(|row| measure_text_width(&row[column])).max().unwrap_or(0)
    });
    let mut text = String::new();
    for row in [&titles].into_iter().chain(&rows) {
        let cells = row.iter().zip(widths);
        let line: Vec<_> =
            cells.map(|(cell, width)| pad_str(cell, width, Alignment::Left, None)).collect();
        // Writing into a `String` does not fail.
        let _ = writeln!(text, "{}", line.join("  ").trim_end());
    }
    text
}

fn row(status: &Status) -> [String; 6] {
    let number = |number: Option<String>| number.unwrap_or_else(|| "?".to_owned());
    let held_for = status.holder().and_then(Holder::held_for).map(duration);
    let who = match (status.holder(), status.abandoned()) {
        (Some(holder), _) => holder.to_string(),
        (None, Some(died)) => format!("died inside: {died}"),
        (None, None) => String::new(),
    };
    [
        plain(status.name()),
        status.state().to_string(),
        held_for.unwrap_or_default(),
        number(status.waiting().map(|count| count.to_string())),
        status.token().map(|token| token.to_string()).unwrap_or_default(),
        plain(&who),
    ]
}

/// Who holds a lock, in a sentence that begins with `held`.
pub(crate) fn holder(holder: &Holder) -> String {
    let who = plain(&holder.to_string());
    match holder.held_for() {
        Some(held_for) => format!("held for {} by {who}", duration(held_for)),
        None => format!("held by {who}"),
    }
}

/// A text that others have made, without what would move the cursor.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// A duration as people say it: tenths of a second, or the two greatest units.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}
