//! Waits that time out, or whose future is dropped.

use super::*;

#[test]
fn a_claim_that_is_acquired_for_an_empty_queue_is_released() {
    let scenario = Scenario::held_elsewhere();
    let waiter = scenario.queue(soon());
    assert!(waiter.result().unwrap_err().is_timeout());
    scenario.script().held_elsewhere = false;
    scenario.finish_wait(Ok(true));
    assert_eq!(
        scenario.script().calls,
        ["try_acquire", "start_wait", "try_acquire", "is_wait_still_valid", "discard", "release"]
    );
}

#[test]
fn a_wait_does_not_time_out_where_the_lock_is_free() {
    let scenario = Scenario::held_elsewhere();
    scenario.script().is_released_unseen = true;
    scenario.queue(soon()).result().unwrap();
}

#[test]
fn a_waiter_that_gives_up_leaves_no_time_limit_for_hand_offs() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    assert!(scenario.queue(soon()).result().unwrap_err().is_timeout());
    assert!(!scenario.gate.update(|state| state.has_handoff_limit()));
}

#[test]
fn a_wait_is_started_for_a_reader_behind_a_writer_that_gives_up() {
    let scenario = Scenario::held_elsewhere();
    let mut context = Context::from_waker(Waker::noop());
    let mut writer = Box::pin(scenario.gate.acquire_async(Mode::Exclusive, Deadline::Never));
    let mut reader = Box::pin(scenario.gate.acquire_async(Mode::Shared, Deadline::Never));
    assert!(writer.as_mut().poll(&mut context).is_pending());
    assert!(reader.as_mut().poll(&mut context).is_pending());
    assert_eq!(scenario.count("start_wait"), 1);
    drop(writer);
    assert_eq!(scenario.count("start_wait"), 2);
    scenario.script().held_elsewhere = false;
    scenario.finish_all_waits();
    assert!(reader.as_mut().poll(&mut context).is_ready());
}

#[test]
fn a_waiter_that_times_out_behind_another_thread_leaves_nothing_behind() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let waiter = scenario.queue(soon());
    assert!(waiter.result().unwrap_err().is_timeout());
    scenario.gate.release_first().unwrap();
    assert_eq!(scenario.script().calls, ["try_acquire", "record_holder", "release"]);
    // Longer than the gap after which the process need not yield, however slow the test was.
    thread::sleep(Duration::from_millis(1));
    scenario.try_acquire().unwrap();
}
