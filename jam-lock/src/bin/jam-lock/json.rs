//! Locks and holders as other programs read them.

use std::time::{Duration, SystemTime};

use jam_lock::{Holder, HolderWait, LastRun, State, Status};
use serde_json::{Value, json};

/// An array with an object for each lock; unknown values are `null`.
pub(crate) fn list(locks: &[Status]) -> String {
    let all: Value = locks.iter().map(status).collect();
    format!("{all:#}\n")
}

fn status(status: &Status) -> Value {
    let permits: Vec<_> = status.permits().iter().map(lock).collect();
    let mut status = lock(status);
    status["permits"] = permits.into();
    status
}

/// A lock, or one of its permits.
fn lock(status: &Status) -> Value {
    let (state, readers) = match status.state() {
        State::Free => ("free", Some(0)),
        State::Writer => ("writer", Some(0)),
        State::Readers(count) => ("readers", count),
        State::Permits { .. } => ("permits", Some(0)),
        State::NoWriter => ("no writer", None),
        _ => ("unknown", None),
    };
    json!({
        "name": status.name(),
        "state": state,
        "readers": readers,
        "waiting": status.waiting(),
        "token": token(status.token()),
        "holder": status.holder().map(holder),
        "abandoned_by": status.abandoned().map(holder),
        "unreleased_by": status.unreleased().map(holder),
        "last_run": status.last_run().map(last_run),
    })
}

/// The last run of a job, and when the next may begin.
fn last_run(run: &LastRun) -> Value {
    let seconds = |time: SystemTime| {
        time.duration_since(SystemTime::UNIX_EPOCH).ok().as_ref().map(Duration::as_secs_f64)
    };
    json!({
        "began": seconds(run.began()),
        "age": run.age().as_secs_f64(),
        "period": run.period().as_secs_f64(),
        "next": run.next().and_then(seconds),
        "holder": holder(run.holder()),
    })
}

fn holder(holder: &Holder) -> Value {
    let since = holder.since().and_then(|it| it.duration_since(SystemTime::UNIX_EPOCH).ok());
    json!({
        "process": holder.process(),
        "program": holder.program(),
        "host": holder.host(),
        "function": holder.function(),
        "file": holder.file(),
        "line": holder.line(),
        "since": since.as_ref().map(Duration::as_secs_f64),
        "held_for": holder.held_for().as_ref().map(Duration::as_secs_f64),
        "token": token(holder.token()),
        "waits_for": holder.waits_for().map(wait),
    })
}

/// What a holder waits for; the holder of that lock is such an object again.
fn wait(wait: &HolderWait) -> Value {
    let since = wait.since().duration_since(SystemTime::UNIX_EPOCH).ok();
    json!({
        "name": wait.name(),
        "location": wait.location(),
        "function": wait.function(),
        "file": wait.file(),
        "line": wait.line(),
        "since": since.as_ref().map(Duration::as_secs_f64),
        "waiting_for": wait.waiting_for().as_ref().map(Duration::as_secs_f64),
        "closes_cycle": wait.closes_cycle(),
        "holder": wait.holder().map(holder),
    })
}

/// The digits as a string: JavaScript and jq read every number as a float, which rounds above 2^53.
fn token(token: Option<u64>) -> Option<String> {
    token.map(|token| token.to_string())
}
