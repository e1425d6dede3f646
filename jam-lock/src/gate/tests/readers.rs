//! Readers that overlap, and writers of other processes that wait.

use super::*;
use crate::gate::state::WaiterPoll;

/// Longer than readers may join without a check.
const A_PHASE: Duration = Duration::from_millis(6);

/// A gate with two readers, long enough for the next one to be checked.
fn read_for_long() -> (Scenario, Grant) {
    let scenario = Scenario::new();
    let reader = scenario.gate.acquire(Mode::Shared, Deadline::Never).unwrap();
    // The phase begins with the first reader that joins another.
    scenario.gate.acquire(Mode::Shared, Deadline::Once).unwrap();
    thread::sleep(A_PHASE);
    (scenario, reader)
}

#[test]
fn readers_join_while_no_writer_waits() {
    let (scenario, _reader) = read_for_long();
    let mut searches = 0;
    while searches < 3 {
        scenario.gate.acquire(Mode::Shared, Deadline::Once).unwrap();
        // Dropping the callback ends the search.
        searches += usize::from(scenario.script().writer_waiting.take().is_some());
    }
}

#[test]
fn one_search_for_writers_is_in_progress_at_a_time() {
    let (scenario, _reader) = read_for_long();
    for _ in 0..3 {
        scenario.gate.acquire(Mode::Shared, Deadline::Once).unwrap();
        thread::sleep(A_PHASE);
    }
    assert_eq!(scenario.count("find_waiting_writer"), 1);
}

#[test]
fn readers_are_held_back_while_a_writer_elsewhere_waits() {
    let (scenario, _reader) = read_for_long();
    scenario.gate.acquire(Mode::Shared, Deadline::Once).unwrap();
    let found = scenario.script().writer_waiting.take().expect("a search is in progress");
    found();
    assert!(scenario.gate.acquire(Mode::Shared, Deadline::Once).unwrap_err().is_timeout());
    let gate = Arc::clone(&scenario.gate);
    let later = thread::spawn(move || gate.acquire(Mode::Shared, Deadline::Never));
    while scenario.gate.queue_length() == 0 {
        thread::yield_now();
    }
    for _ in 0..3 {
        assert_eq!(scenario.count("release"), 0);
        scenario.gate.release_first().unwrap();
    }
    assert_eq!(scenario.count("release"), 1, "the writer gets its turn");
    while !later.is_finished() {
        scenario.finish_all_waits();
        thread::yield_now();
    }
    later.join().unwrap().unwrap();
    scenario.gate.acquire(Mode::Shared, Deadline::Once).expect("a new phase has begun");
}

#[test]
fn readers_that_take_turns_are_not_passed_over_however_long_that_takes() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let [first, second] = [(); 2].map(|()| scenario.enqueue(Mode::Shared, WaiterKind::Task));
    scenario.extend_handoff();
    scenario.gate.update(|state| {
        state.release_first().unwrap();
        // Both are woken, but their executor takes longer than a task may stall.
        thread::sleep(Duration::from_millis(12));
        assert!(matches!(state.poll_waiter(first), WaiterPoll::Granted(_)));
        state.release_first().unwrap();
        state.shorten_idle_time(LONG);
        state.skip_stalled();
        assert_eq!(state.passed_over(), 0);
        state.cancel_waiter(second);
    });
}

#[test]
fn no_reader_joins_where_the_path_leads_elsewhere() {
    let (scenario, _reader) = read_for_long();
    scenario.script().is_invalid = true;
    assert!(scenario.gate.acquire(Mode::Shared, Deadline::Once).unwrap_err().is_timeout());
}

#[test]
fn no_reader_joins_readers_that_have_lost_the_lock() {
    for deadline in [Deadline::Once, soon()] {
        let scenario = Scenario::new();
        let _reader = scenario.gate.acquire(Mode::Shared, Deadline::Never).unwrap();
        scenario.script().is_lost = true;
        let error = scenario.gate.acquire(Mode::Shared, deadline).unwrap_err();
        assert!(error.is_timeout(), "{error}");
    }
}
