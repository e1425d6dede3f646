//! The span of `tracing::instrument`, inside the lock or around the wait for it.

use std::sync::Mutex;

use jam_lock::{LockError, locked};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, instrument, subscriber};

use crate::{is_held, locks};

/// Enables all spans, so that their fields are evaluated.
struct Enabled;

impl Subscriber for Enabled {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Whether each lock was held when the span of its function began.
static HELD: Mutex<Vec<(&str, bool)>> = Mutex::new(Vec::new());

fn begin(order: &'static str) -> bool {
    let is_held = is_held(order);
    HELD.lock().unwrap().push((order, is_held));
    is_held
}

#[locked("attribute_{order}", order = "span around the wait", locks = locks())]
#[instrument(fields(held = begin("span around the wait")))]
fn above() -> Result<(), LockError> {
    Ok(())
}

#[instrument(fields(held = begin("span inside the lock")))]
#[locked("attribute_{order}", order = "span inside the lock", locks = locks())]
fn below() -> Result<(), LockError> {
    Ok(())
}

#[test]
fn the_span_is_around_the_wait_or_inside_the_lock() {
    subscriber::with_default(Enabled, || above().and_then(|()| below())).unwrap();
    assert_eq!(
        *HELD.lock().unwrap(),
        [("span around the wait", false), ("span inside the lock", true)]
    );
}
