//! Readers that overlap, and others that want the lock.

use super::*;

/// More than a claim goes from hand to hand.
const A_TURN: Duration = Duration::from_millis(6);

/// A gate with a reader inside, for so long that its turn may be over.
fn read_for_long() -> (Stage, Grant) {
    let stage = Stage::new();
    let reader = stage.gate.acquire(Mode::Shared, Deadline::Never).unwrap();
    // The turn is counted from the first that joins.
    stage.gate.acquire(Mode::Shared, Deadline::Once).unwrap();
    thread::sleep(A_TURN);
    (stage, reader)
}

#[test]
fn readers_join_while_nobody_else_wants_the_lock() {
    let (stage, _reader) = read_for_long();
    let mut searches = 0;
    while searches < 3 {
        stage.gate.acquire(Mode::Shared, Deadline::Once).unwrap();
        // The search ends without having found one.
        searches += usize::from(stage.script().writer_waits.take().is_some());
    }
}

#[test]
fn one_search_for_writers_is_underway_at_a_time() {
    let (stage, _reader) = read_for_long();
    for _ in 0..3 {
        stage.gate.acquire(Mode::Shared, Deadline::Once).unwrap();
        thread::sleep(A_TURN);
    }
    assert_eq!(stage.count("find_waiting_writer"), 1);
}

#[test]
fn readers_are_held_back_while_a_writer_elsewhere_waits() {
    let (stage, _reader) = read_for_long();
    stage.gate.acquire(Mode::Shared, Deadline::Once).unwrap();
    let found = stage.script().writer_waits.take().expect("the engine was asked");
    found();
    assert!(stage.gate.acquire(Mode::Shared, Deadline::Once).unwrap_err().is_timeout());
    let gate = Arc::clone(&stage.gate);
    let later = thread::spawn(move || gate.acquire(Mode::Shared, Deadline::Never));
    while stage.gate.lock().queue_length() == 0 {
        thread::yield_now();
    }
    for _ in 0..3 {
        assert_eq!(stage.count("release"), 0);
        stage.gate.release_first().unwrap();
    }
    assert_eq!(stage.count("release"), 1, "the writer gets its turn");
    while !later.is_finished() {
        stage.bring_all_home();
        thread::yield_now();
    }
    later.join().unwrap().unwrap();
    stage.gate.acquire(Mode::Shared, Deadline::Once).expect("the turn has begun anew");
}

#[test]
fn no_reader_joins_where_the_path_leads_elsewhere() {
    let (stage, _reader) = read_for_long();
    stage.script().is_invalid = true;
    assert!(stage.gate.acquire(Mode::Shared, Deadline::Once).unwrap_err().is_timeout());
}

#[test]
fn nobody_joins_readers_who_have_lost_the_lock() {
    for deadline in [Deadline::Once, soon()] {
        let stage = Stage::new();
        let _reader = stage.gate.acquire(Mode::Shared, Deadline::Never).unwrap();
        stage.script().is_lost = true;
        let error = stage.gate.acquire(Mode::Shared, deadline).unwrap_err();
        assert!(error.is_timeout(), "{error}");
    }
}
