//! [`Ancestors`]: whether a holder has started this process, and waits for it to exit.
//!
//! A process that merely holds the lock may release it while this one runs, on another thread or when it
//! reads what this one prints. Only a process without another thread and without another child, which the
//! kernel shows as waiting for a child, does nothing until that child exits.

use std::fs;
use std::iter;
use std::path::Path;

use crate::holder::{Ancestry, Holder};
use crate::this_process::{ThisProcess, stat_field};

/// How far up they are looked for.
const MAX_ANCESTORS: usize = 100;

/// The processes that have started this one: its parent first, and so on.
pub(super) struct Ancestors(Vec<u32>);

impl Ancestors {
    pub(super) fn of_this_process() -> Self {
        let ancestors = iter::successors(parent(ThisProcess::get().id), |child| parent(*child));
        Self(ancestors.take(MAX_ANCESTORS).collect())
    }

    /// How `holder`, which has the lock file at `lock`, is related to this process.
    pub(super) fn ancestry(&self, holder: &Holder, lock: &Path) -> Ancestry {
        let position = self.0.iter().position(|ancestor| Some(*ancestor) == holder.process());
        let Some(position) = position else { return Ancestry::None };
        let (holding, between) = self.0[..=position].split_last().expect("it has the holder");
        let child_of_holder = between.last().copied().unwrap_or(ThisProcess::get().id);
        let children = iter::once(ThisProcess::get().id).chain(between.iter().copied());
        let all_wait = between.iter().zip(children).all(|(parent, child)| waits(*parent, child));
        let waits_below = || runs_command_under(*holding, holder, lock);
        if holder.is_certain() && all_wait && (waits(*holding, child_of_holder) || waits_below()) {
            Ancestry::WaitsForExit
        } else {
            Ancestry::Ancestor
        }
    }
}

fn parent(process: u32) -> Option<u32> {
    let parent = stat_field(&format!("/proc/{process}/stat"), 1)?;
    u32::try_from(parent).ok().filter(|parent| *parent != 0)
}

/// Whether `parent` does nothing until its only child has exited, which is `child`.
fn waits(parent: u32, child: u32) -> bool {
    let folder = format!("/proc/{parent}");
    let read = |name: &str| fs::read_to_string(format!("{folder}/{name}")).unwrap_or_default();
    let has_one_child = || read(&format!("task/{parent}/children")).trim() == child.to_string();
    let has_one_thread = || fs::read_dir(format!("{folder}/task")).is_ok_and(|it| it.count() == 1);
    // Before and after: a child that has just exited is not the one that it waits for.
    has_one_thread()
        && has_one_child()
        && is_waiting(&read("wchan"), &read("comm"))
        && has_one_child()
}

/// Whether the kernel function in which a process sleeps waits for a child.
fn is_waiting(function: &str, program: &str) -> bool {
    // `timeout` waits for any signal, and ends its child before it exits.
    let is_timeout = || program.trim_end() == "timeout" && function.contains("sigsuspend");
    function.starts_with("do_wait") || is_timeout()
}

/// Whether the holder is a `jam-lock run` of this lock, which holds it until its command exits, but waits for
/// signals as well. Orphans become children of the first process of a container, which is not their command.
fn runs_command_under(process: u32, holder: &Holder, lock: &Path) -> bool {
    let has_label = holder.function().is_some() && holder.file().is_none();
    let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let has = |word: &[u8]| line.split(|byte| *byte == 0).any(|argument| argument == word);
    let name = lock.file_stem().unwrap_or_default().as_encoded_bytes();
    process != 1 && has_label && has(b"run") && has(name)
}
