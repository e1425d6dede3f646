//! The end of a wait that somebody gives up.

use super::*;

#[test]
fn a_pursuit_that_comes_home_to_an_empty_gate_gives_the_claim_back() {
    let stage = Stage::held_elsewhere();
    let waiter = stage.queue(soon());
    assert!(waiter.result().unwrap_err().is_timeout());
    stage.script().held_elsewhere = false;
    stage.bring_home(Ok(true));
    assert_eq!(
        stage.script().calls,
        ["try_acquire", "start_wait", "try_acquire", "is_wait_still_valid", "discard", "release"]
    );
}

#[test]
fn a_wait_does_not_end_in_vain_where_the_lock_is_free() {
    let stage = Stage::held_elsewhere();
    stage.script().falls_free = true;
    stage.queue(soon()).result().unwrap();
}

#[test]
fn nothing_is_left_of_the_hand_over_to_a_waiter_that_gave_up() {
    let stage = Stage::new();
    stage.acquire().unwrap();
    assert!(stage.queue(soon()).result().unwrap_err().is_timeout());
    assert!(!stage.gate.lock().is_handing_over());
}

#[test]
fn a_reader_behind_a_writer_that_gives_up_is_asked_for() {
    let stage = Stage::held_elsewhere();
    let mut context = Context::from_waker(Waker::noop());
    let mut writer = Box::pin(stage.gate.acquire_async(Mode::Exclusive, Deadline::Never));
    let mut reader = Box::pin(stage.gate.acquire_async(Mode::Shared, Deadline::Never));
    assert!(writer.as_mut().poll(&mut context).is_pending());
    assert!(reader.as_mut().poll(&mut context).is_pending());
    assert_eq!(stage.count("start_wait"), 1);
    drop(writer);
    assert_eq!(stage.count("start_wait"), 2);
    stage.script().held_elsewhere = false;
    stage.bring_all_home();
    assert!(reader.as_mut().poll(&mut context).is_ready());
}

#[test]
fn a_waiter_that_times_out_behind_another_thread_leaves_nothing_behind() {
    let stage = Stage::new();
    stage.acquire().unwrap();
    let waiter = stage.queue(soon());
    assert!(waiter.result().unwrap_err().is_timeout());
    stage.gate.release_first().unwrap();
    assert_eq!(stage.script().calls, ["try_acquire", "record_holder", "release"]);
    stage.try_acquire().unwrap();
}
