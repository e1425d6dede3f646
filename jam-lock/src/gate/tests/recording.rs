//! What other processes are told while threads of this one hand the lock to each other.

use super::*;

/// What was published and withdrawn.
fn told(stage: &Stage) -> Vec<&'static str> {
    let calls = stage.script().calls.clone();
    calls.into_iter().filter(|call| ["record_holder", "clear_holder"].contains(call)).collect()
}

/// Releases, after `section`, what somebody is queued for, and does not let that one run.
fn release_after(section: Duration) -> Vec<&'static str> {
    let stage = Stage::new();
    stage.acquire().unwrap();
    let mut inner = stage.gate.lock();
    let ticket = inner.enqueue(&asked(Mode::Exclusive), Who::Thread, true, false);
    inner.extend_hand_over(LONG);
    thread::sleep(section);
    inner.release_first().unwrap();
    drop(inner);
    let told = told(&stage);
    stage.gate.lock().leave(ticket);
    told
}

#[test]
fn it_is_told_that_nobody_is_inside_while_the_next_one_wakes_up() {
    assert_eq!(release_after(Duration::from_millis(1)), ["record_holder", "clear_holder"]);
}

#[test]
fn every_one_who_enters_is_told_of() {
    let stage = Stage::new();
    stage.acquire().unwrap();
    let waiter = stage.queue(Deadline::Never);
    stage.gate.lock().extend_hand_over(LONG);
    thread::sleep(Duration::from_millis(1));
    stage.gate.release_first().unwrap();
    waiter.result().unwrap();
    assert_eq!(told(&stage), ["record_holder", "clear_holder", "record_holder"]);
}

#[test]
fn a_lock_that_was_left_abandoned_is_not_told_to_be_free() {
    let stage = Stage::new();
    let number = stage.acquire().unwrap().number;
    let mut inner = stage.gate.lock();
    let ticket = inner.enqueue(&asked(Mode::Exclusive), Who::Thread, true, false);
    inner.extend_hand_over(LONG);
    thread::sleep(Duration::from_millis(1));
    inner.release(number, Outcome::Abandoned).expect("one guard stands for it").unwrap();
    assert!(matches!(
        inner.turn(ticket, &asked(Mode::Exclusive)),
        Turn::Granted(grant) if grant.recorded.abandoned_by.is_some()
    ));
    drop(inner);
    assert_eq!(told(&stage), ["record_holder", "record_holder"]);
}
