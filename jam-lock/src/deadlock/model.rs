//! The publication of waits, and the search for cycles, under a model checker:
//! `RUSTFLAGS="--cfg shuttle" cargo test -p jam-lock --lib deadlock::model`.
//!
//! Processes share a few locks, whose records are written and read in separate steps, and a process may be
//! killed at any of them. The model asserts that every cycle that an owner reports existed at one instant,
//! as the oracle in `world.rs` saw it. A cycle that nobody finds is a deadlock to the checker.

mod actors;
mod plan;
mod world;

use std::sync::Arc;

use self::actors::{killer, owner};
use self::plan::Plan;
use self::world::World;

/// How many schedules of each kind are tried for each test.
const SCHEDULES: usize = 2_000;

/// Tries random schedules, and then schedules with few, but ill-timed switches.
fn check<const N: usize>(plans: [Plan; N], killed: &'static [usize]) {
    let scenario = move || {
        let world = Arc::new(World::new(plans.to_vec()));
        let mut threads: Vec<_> = (0..N).map(|number| owner(&world, number)).collect();
        threads.extend(killed.iter().map(|process| killer(&world, *process)));
        threads.into_iter().for_each(|thread| thread.join().expect("no assertion fails"));
        world.check_nothing_is_left();
    };
    shuttle::check_random(scenario, SCHEDULES);
    shuttle::check_pct(scenario, SCHEDULES, 5);
}

const fn plan(process: usize, locks: &'static [usize]) -> Plan {
    Plan { process, locks, may_time_out: false }
}

const fn impatient(process: usize, locks: &'static [usize]) -> Plan {
    Plan { process, locks, may_time_out: true }
}

#[test]
fn a_cycle_of_two_processes_is_found() {
    check([plan(0, &[0, 1]), plan(1, &[1, 0])], &[]);
}

#[test]
fn a_cycle_of_three_processes_is_found() {
    check([plan(0, &[0, 1]), plan(1, &[1, 2]), plan(2, &[2, 0])], &[]);
}

#[test]
fn a_cycle_of_owners_of_two_processes_is_found() {
    check([plan(0, &[0, 1]), plan(0, &[1, 2]), plan(1, &[2, 0])], &[]);
}

#[test]
fn a_holder_that_changes_during_the_search_makes_no_cycle() {
    check(
        [plan(0, &[0, 1]), plan(1, &[1]), plan(2, &[1, 2]), plan(0, &[2]), plan(1, &[2, 0])],
        &[],
    );
}

#[test]
fn a_wait_that_has_timed_out_makes_no_cycle() {
    check([impatient(0, &[0, 1]), plan(1, &[1, 0])], &[]);
}

#[test]
fn waits_that_were_never_there_at_once_make_no_cycle() {
    check([plan(0, &[0, 1]), impatient(1, &[1, 2]), plan(2, &[2, 0])], &[]);
}

#[test]
fn a_process_that_dies_makes_no_cycle_and_ends_one() {
    check([plan(0, &[0, 1]), plan(1, &[1, 2]), plan(2, &[2, 0]), plan(3, &[2, 1])], &[1, 3]);
}
