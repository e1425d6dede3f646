//! What the holder of a lock waits for, and the holder of that, to the end of the chain.

use std::sync::Arc;

use super::graph::{LockGraph, LockRef, LockStep};
use super::off_executor;
use super::search::{Graph, Steps};
use crate::engine::Engine;
use crate::error::LockError;
use crate::gate::Gate;
use crate::holder::{Holder, HolderWait};
use crate::name::LockName;
use crate::status::Status;

/// How long a chain is shown.
const MAX_LENGTH: usize = 100;

/// Adds what the holder waits for to the error, if that is a timeout; blocks the thread meanwhile.
pub(crate) fn explain(mut error: LockError, gate: &Gate) -> LockError {
    if let LockError::Timeout { holder: Some(holder), .. } = &mut error {
        add_waits(holder, LockRef::of(gate), Depth::Quick);
    }
    error
}

/// The same as [`explain`], but lets other tasks run.
pub(crate) async fn explain_async(mut error: LockError, gate: &Gate) -> LockError {
    if let LockError::Timeout { holder: holder @ Some(_), .. } = &mut error {
        *holder = explain_holder_async(holder.take(), gate).await;
    }
    error
}

/// Adds what it waits for to the holder of the lock of `gate`.
pub(crate) fn explain_holder(holder: Option<Box<Holder>>, gate: &Gate) -> Option<Box<Holder>> {
    let mut holder = holder?;
    add_waits(&mut holder, LockRef::of(gate), Depth::Quick);
    Some(holder)
}

/// The same as [`explain_holder`], but lets other tasks run.
pub(crate) async fn explain_holder_async(
    holder: Option<Box<Holder>>,
    gate: &Gate,
) -> Option<Box<Holder>> {
    let (holder, lock) = (holder?, LockRef::of(gate));
    if !waits(&lock) {
        return Some(holder);
    }
    let known = holder.clone();
    let explained = off_executor::run(move || {
        let mut holder = holder;
        add_waits(&mut holder, lock, Depth::Quick);
        holder
    });
    Some(explained.await.unwrap_or(known))
}

/// Adds what the holder waits for to the status of the lock `name`.
pub(crate) fn explain_status(status: Status, engine: &Arc<dyn Engine>, name: &LockName) -> Status {
    let Some(holder) = status.holder().cloned() else { return status };
    let mut holder = Box::new(holder);
    add_waits(&mut holder, LockRef::new(engine, name), Depth::Thorough);
    status.held_by(Some(holder))
}

/// How far a chain is followed.
#[derive(Clone, Copy, PartialEq)]
enum Depth {
    /// Without opening other folders, which may hang, and for as long as a holder is looked up.
    Quick,
    /// For as long as it takes.
    Thorough,
}

impl Depth {
    fn graph(self) -> LockGraph {
        LockGraph { own: None, opens_folders: self == Self::Thorough }
    }
}

/// Adds what it waits for to the holder of `lock`, unless another one has acquired the lock since.
fn add_waits(holder: &mut Holder, lock: LockRef, depth: Depth) {
    let steps = chain(lock, depth);
    let is_same = |first: &LockStep| {
        (first.holder.process, first.holder.token) == (holder.process, holder.token)
    };
    if steps.first().is_some_and(is_same) {
        holder.waits_for = nested(&steps, depth).map(Box::new);
    }
}

/// Whether the holder of `lock` seems to wait.
fn waits(lock: &LockRef) -> bool {
    let steps = Depth::Quick.graph().steps(&Some(lock.clone()));
    matches!(steps, Steps::Known(steps) if !steps.is_empty())
}

/// The waits that lead from `lock` to a holder that does not wait, or back to a lock of the chain.
fn chain(lock: LockRef, depth: Depth) -> Vec<LockStep> {
    let mut steps: Vec<LockStep> = Vec::new();
    let mut next = Some(lock);
    while let Some(lock) = next.take() {
        let is_known = steps.iter().any(|step| step.held.is_same(&lock));
        if is_known || steps.len() == MAX_LENGTH {
            break;
        }
        if let Steps::Known(found) = depth.graph().steps(&Some(lock)) {
            // Of several waits of a task, the first one.
            if let Some(step) = found.into_iter().next() {
                next = step.wanted();
                steps.push(step);
            }
        }
    }
    steps
}

/// The first wait, with the holder of its lock, and what that waits for, and so on.
fn nested(steps: &[LockStep], depth: Depth) -> Option<HolderWait> {
    let end = steps.last()?.wanted();
    let is_cycle = end.as_ref().is_some_and(|end| steps.iter().any(|step| step.held.is_same(end)));
    let mut holder = end.filter(|_| !is_cycle).and_then(|end| match depth {
        Depth::Quick => end.holder(),
        Depth::Thorough => end.listed_holder(),
    });
    let mut closes_cycle = is_cycle;
    let (first, others) = steps.split_first()?;
    for step in others.iter().rev() {
        let wait = wait_of(step, holder.take(), std::mem::take(&mut closes_cycle));
        holder = Some(Box::new(Holder { waits_for: Some(Box::new(wait)), ..step.holder.clone() }));
    }
    Some(wait_of(first, holder, closes_cycle))
}

fn wait_of(step: &LockStep, holder: Option<Box<Holder>>, closes_cycle: bool) -> HolderWait {
    HolderWait { recorded: step.recorded(), holder, closes_cycle }
}
