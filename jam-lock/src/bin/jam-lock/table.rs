//! The table of locks that `list` and `watch` show.

use console::{Alignment, Style, measure_text_width, pad_str, truncate_str};
use jam_lock::{Holder, State, Status};

use crate::output::plain;
use crate::text::{
    among_readers, cut, died_inside, duration, last_run, not_released_by, waiting, without_process,
};

/// The columns; tokens are for programs, which read JSON.
const TITLES: [&str; 6] = ["NAME", "STATE", "PID", "HELD FOR", "WAITING", "HOLDER"];

/// The last column, which gets the room that the others leave.
const HOLDER: usize = TITLES.len() - 1;

/// What is between two columns.
const GAP: &str = "  ";

/// How a table is printed.
#[derive(Clone, Copy)]
pub(crate) struct Format {
    /// The width that it fits into, as far as its first columns do.
    pub(crate) width: Option<usize>,
    pub(crate) has_colors: bool,
}

struct Row {
    cells: [String; TITLES.len()],
    state: Style,
    holder: Style,
}

/// A line of titles, and a line for each lock.
pub(crate) fn lines(locks: &[Status], format: Format) -> Vec<String> {
    let titles = Row {
        cells: TITLES.map(ToOwned::to_owned),
        state: Style::new().bold(),
        holder: Style::new().bold(),
    };
    let mut rows: Vec<_> = [titles].into_iter().chain(locks.iter().map(Row::of)).collect();
    if let Some(width) = format.width {
        fit(&mut rows, width);
    }
    let widths = widths(&rows);
    let styled = |(number, row)| line(row, &widths, number == 0, format.has_colors);
    rows.iter().enumerate().map(styled).collect()
}

/// Cuts the names and the holders, which share what the other columns leave of `width`.
fn fit(rows: &mut [Row], width: usize) {
    let widths = widths(rows);
    let others: usize = widths[1..HOLDER].iter().sum();
    let gaps = GAP.len() * HOLDER;
    let room = width.saturating_sub(others + gaps);
    let name = widths[0].min((room / 2).max(room.saturating_sub(widths[HOLDER])));
    for row in rows {
        row.cells[0] = cut(&row.cells[0], name);
        row.cells[HOLDER] = truncate_str(&row.cells[HOLDER], room - name, "…").into_owned();
    }
}

fn widths(rows: &[Row]) -> [usize; TITLES.len()] {
    std::array::from_fn(|column| {
        rows.iter().map(|row| measure_text_width(&row.cells[column])).max().unwrap_or(0)
    })
}

fn line(row: &Row, widths: &[usize; TITLES.len()], is_title: bool, has_colors: bool) -> String {
    let bold = Style::new().bold();
    let cells = row.cells.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
        let width = if column == HOLDER { 0 } else { *width };
        let padded = pad_str(cell, width, Alignment::Left, None);
        let style = match column {
            _ if is_title => &bold,
            1 => &row.state,
            HOLDER => &row.holder,
            _ => return padded.into_owned(),
        };
        style.clone().force_styling(has_colors).apply_to(padded).to_string()
    });
    let line = cells.collect::<Vec<_>>().join(GAP);
    line.trim_end().to_owned()
}

impl Row {
    fn of(status: &Status) -> Self {
        let holder = status.holder();
        let died = status.abandoned().filter(|_| status.state() == State::Free);
        let is_left = died.is_some();
        let process = holder.or(died).and_then(Holder::process);
        let cells = [
            plain(status.name()),
            if is_left { "abandoned".to_owned() } else { status.state().to_string() },
            process.map(|process| process.to_string()).unwrap_or_default(),
            holder.and_then(Holder::held_for).map(duration).unwrap_or_default(),
            status.waiting().map_or_else(|| "?".to_owned(), |count| count.to_string()),
            holders(status, is_left),
        ];
        let alarm = Style::new().red();
        let is_wrong = status.abandoned().or(status.unreleased()).is_some();
        let state = match status.state() {
            _ if is_left => alarm.clone().bold(),
            State::Free => Style::new().dim(),
            State::Writer | State::Readers(_) | State::Permits { .. } => Style::new().green(),
            _ => Style::new().yellow(),
        };
        Self { cells, state, holder: if is_wrong { alarm } else { Style::new() } }
    }
}

/// The holders of a lock: those that have it, those that have left it behind, and when the last run was.
fn holders(status: &Status, is_left: bool) -> String {
    if !status.permits().is_empty() {
        let permits = status.permits().iter().map(|permit| {
            let is_left = permit.abandoned().is_some() && permit.state() == State::Free;
            let pid = permit.holder().map(|holder| (holder, plain(&holder.to_string())));
            match pid {
                Some((holder, text)) if !is_left => text + &waiting(holder),
                _ => holders(permit, is_left),
            }
        });
        return permits.filter(|holder| !holder.is_empty()).collect::<Vec<_>>().join("; ");
    }
    let holding = status.holder().map(|holder| {
        let among = among_readers(status.state());
        format!("{among}{}{}", plain(&without_process(holder)), waiting(holder))
    });
    let died = status.abandoned().map(|holder| {
        if is_left {
            format!("died inside: {}", plain(&without_process(holder)))
        } else {
            died_inside(holder)
        }
    });
    let unreleased = status.unreleased().map(not_released_by);
    let last_run = status.last_run().map(last_run);
    let holders: Vec<_> = [holding, died, unreleased, last_run].into_iter().flatten().collect();
    holders.join("; ")
}
