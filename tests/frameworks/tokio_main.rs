//! `#[tokio::main]`, whose runtime waits for blocking tasks when it ends.

use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use jam_lock::{LockError, locked};

use crate::{is_held, locks};

#[locked("attribute_{order}", order = "main above", locks = locks())]
#[tokio::main]
async fn above(still_held: Sender<bool>) -> Result<(), LockError> {
    assert!(is_held("main above"));
    tokio::task::spawn_blocking(move || {
        let until = Instant::now() + Duration::from_secs(60);
        while is_held("main above") && Instant::now() < until {
            thread::yield_now();
        }
        still_held.send(is_held("main above")).unwrap();
    });
    Ok(())
}

#[tokio::main]
#[locked("attribute_{order}", order = "main below", locks = locks())]
async fn below(still_held: Sender<bool>) -> Result<(), LockError> {
    assert!(is_held("main below"));
    tokio::task::spawn_blocking(move || {
        // The body has long returned.
        thread::sleep(Duration::from_millis(100));
        still_held.send(is_held("main below")).unwrap();
    });
    Ok(())
}

#[test]
fn above_it_the_lock_is_released_while_blocking_tasks_run() {
    let (sender, still_held) = channel();
    above(sender).unwrap();
    assert!(!still_held.recv().unwrap());
}

#[test]
fn below_it_the_lock_is_held_until_the_runtime_has_ended() {
    let (sender, still_held) = channel();
    below(sender).unwrap();
    assert!(still_held.recv().unwrap());
    assert!(!is_held("main below"));
}
