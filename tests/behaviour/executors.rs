//! The executors that the asynchronous tests run on.

use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Wake, Waker};

use tokio::runtime::{Builder, Runtime};

pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Each runs tasks concurrently, and returns when all have completed.
pub(crate) const EXECUTORS: [fn(Vec<Task>); 4] = [tokio_on_threads, tokio_on_one, smol, minimal];

pub(crate) fn tokio_on_threads(tasks: Vec<Task>) {
    on_tokio(&Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap(), tasks);
}

pub(crate) fn tokio_on_one(tasks: Vec<Task>) {
    on_tokio(&Builder::new_current_thread().enable_all().build().unwrap(), tasks);
}

fn on_tokio(runtime: &Runtime, tasks: Vec<Task>) {
    runtime.block_on(async {
        for running in tasks.into_iter().map(tokio::spawn).collect::<Vec<_>>() {
            running.await.unwrap();
        }
    });
}

pub(crate) fn smol(tasks: Vec<Task>) {
    smol::block_on(async {
        for running in tasks.into_iter().map(smol::spawn).collect::<Vec<_>>() {
            running.await;
        }
    });
}

/// The least that the standard library requires of an executor: polls woken tasks on one thread.
pub(crate) fn minimal(tasks: Vec<Task>) {
    struct TaskWaker(usize, mpsc::Sender<usize>);

    impl Wake for TaskWaker {
        fn wake(self: Arc<Self>) {
            // A completed task needs no more polls.
            let _ = self.1.send(self.0);
        }
    }

    let (woken, to_poll) = mpsc::channel();
    let mut tasks: Vec<_> = tasks.into_iter().map(Some).collect();
    (0..tasks.len()).for_each(|task| woken.send(task).unwrap());
    while tasks.iter().any(Option::is_some) {
        let number = to_poll.recv().unwrap();
        let waker = Waker::from(Arc::new(TaskWaker(number, woken.clone())));
        let Some(task) = &mut tasks[number] else { continue };
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            tasks[number] = None;
        }
    }
}
