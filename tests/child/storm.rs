//! A process of a kill storm: its threads and tasks acquire locks at random, count while they hold them,
//! and log what they do, until the file `stop` exists.

mod actor;
mod poll_plan;

use std::path::Path;
use std::thread;

use jam_lock_tests::storm::ACTORS;
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

use self::actor::Actor;
use self::poll_plan::Executor;
use crate::Result;

/// How many actors are threads, which block while they wait.
const THREADS: u64 = 2;

/// How many actors are tasks on a thread that stalls now and then.
const STALLED_TASKS: u64 = 2;

/// How many actors are tasks on a thread that does not.
const TASKS: u64 = ACTORS - THREADS - STALLED_TASKS;

/// Few enough that they can be used up quickly.
const DESCRIPTORS: u64 = 64;

/// The umasks of the processes, in turn.
const UMASKS: [u32; 4] = [0o022, 0o077, 0o002, 0o027];

/// Works in `folder` until the file `stop` exists.
pub(crate) fn work(folder: &Path, number: u64, seed: u64) -> Result {
    let limit = Rlimit { current: Some(DESCRIPTORS), maximum: Some(DESCRIPTORS) };
    setrlimit(Resource::Nofile, limit)?;
    let turn = usize::try_from(number)? % UMASKS.len();
    umask(Mode::from_raw_mode(UMASKS[turn]));
    let mut actors = (0..ACTORS)
        .map(|actor| Actor::new(folder, number, seed, actor))
        .collect::<Result<Vec<_>, _>>()?;
    let stalled = actors.split_off((THREADS + TASKS).try_into()?);
    let tasks = actors.split_off(THREADS.try_into()?);
    thread::scope(|scope| {
        let threads = actors.into_iter().map(|mut actor| scope.spawn(move || actor.run()));
        let executors = [(tasks, Executor::Prompt), (stalled, Executor::Stalls)]
            .map(|(tasks, executor)| scope.spawn(move || run_all(tasks, executor)));
        let running: Vec<_> = threads.chain(executors).collect();
        running.into_iter().try_for_each(|thread| thread.join().expect("no actor panics"))
    })
}

/// Runs the tasks concurrently on this thread.
fn run_all(actors: Vec<Actor>, executor: Executor) -> Result {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let tasks = tokio::task::LocalSet::new();
    let running: Vec<_> = actors
        .into_iter()
        .map(|mut actor| tasks.spawn_local(async move { actor.run_async(executor).await }))
        .collect();
    tasks.block_on(&runtime, async {
        for task in running {
            task.await??;
        }
        Ok(())
    })
}
