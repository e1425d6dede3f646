//! Locks and holders as a person reads them.

use std::time::Duration;

use console::{measure_text_width, truncate_str};
use jam_lock::{Holder, LastRun, State};

use crate::output::plain;

/// The holder of a lock, in a phrase that begins with `held`, and what it waits for itself.
pub(crate) fn held_by(holder: &Holder) -> String {
    let by = plain(&holder.to_string()) + &waiting(holder);
    match holder.held_for() {
        Some(held_for) => format!("held for {} by {by}", duration(held_for)),
        None => format!("held by {by}"),
    }
}

/// The holder of a lock in this state, which is one of several if they are readers.
pub(crate) fn held_by_one(state: State, holder: &Holder) -> String {
    match state {
        State::Readers(count) if count != Some(1) => {
            let by = plain(&holder.to_string());
            let since = holder.held_for().map(|held_for| format!(" for {}", duration(held_for)));
            format!("held by {state}, among them{} {by}", since.unwrap_or_default())
        }
        _ => held_by(holder),
    }
}

/// What the holder waits for, to be added to the holder; empty if it does not wait.
pub(crate) fn waiting(holder: &Holder) -> String {
    let wait = holder.waits_for();
    wait.map(|wait| plain(&format!(", which is waiting for {wait}"))).unwrap_or_default()
}

/// What introduces a holder that is one of several readers.
pub(crate) fn among_readers(state: State) -> &'static str {
    match state {
        State::Readers(count) if count != Some(1) => "among them ",
        _ => "",
    }
}

/// The holder without its process id.
pub(crate) fn without_process(holder: &Holder) -> String {
    let text = holder.to_string();
    match holder.process() {
        Some(process) => text.replacen(&format!(" (pid {process})"), "", 1),
        None => text,
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

/// When the last run of a job began, and when the next one may begin.
pub(crate) fn last_run(run: &LastRun) -> String {
    let began = format!("last run {} ago", duration(run.age()));
    if run.next().is_none() {
        return format!("{began}, and no other");
    }
    match run.period().saturating_sub(run.age()) {
        Duration::ZERO => format!("{began}, the next may begin now"),
        remaining => format!("{began}, the next in {}", duration(remaining)),
    }
}

/// The same, with the process that ran it.
pub(crate) fn last_run_of(run: &LastRun) -> String {
    format!("{}, by {}", last_run(run), plain(&run.holder().to_string()))
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
