//! An engine with a flaw, or one that reports a capability it does not have, fails the suite.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use jam_lock::LockName;
use jam_lock::conformance::{CHECKS, Subject};
use jam_lock::engine::Engine;

use super::Leases;
use super::lease::{Flaw, World};

/// The simulated leases with a flaw, and with short timeouts.
struct Flawed(Leases);

impl Subject for Flawed {
    fn process(&self) -> Arc<dyn Engine> {
        self.0.process()
    }

    fn die_holding(&self, name: &LockName) -> bool {
        self.0.die_holding(name)
    }

    fn lose(&self, name: &LockName) -> bool {
        self.0.lose(name)
    }

    fn wait_for_waiters(&self, name: &LockName, processes: usize) -> bool {
        self.0.wait_for_waiters(name, processes)
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(2)
    }
}

/// The message with which the check fails for an engine with the flaw.
fn failure_of(flaw: Flaw, check: &str) -> String {
    let subject = Flawed(Leases(Arc::new(World::new(7, Some(flaw)))));
    let (_, check) = CHECKS.iter().find(|(name, _)| *name == check).expect("there is such a check");
    let result = panic::catch_unwind(AssertUnwindSafe(|| check(&subject)));
    let why = result.expect_err("the check passes");
    let text = why.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| why.downcast_ref::<String>().cloned()).expect("a panic with a message")
}

#[test]
fn one_that_excludes_no_process() {
    failure_of(Flaw::NoExclusion, "mutual exclusion");
    let message = failure_of(Flaw::NoExclusion, "timeout");
    assert!(message.contains("the lock is held by another process"), "{message}");
}

#[test]
fn one_that_acts_on_duplicate_messages() {
    let message = failure_of(Flaw::ExecutesCopies, "cancellation of a wait");
    assert!(message.contains("a cancelled wait does not keep the lock"), "{message}");
}

#[test]
fn one_that_serves_the_last_waiter_first() {
    let message = failure_of(Flaw::LastComeFirstServed, "order among processes");
    assert!(message.contains("not served in the order"), "{message}");
}

#[test]
fn one_that_claims_shared_locks_and_has_none() {
    let message = failure_of(Flaw::NoReaders, "readers and writers");
    assert!(message.contains("readers share it"), "{message}");
}

#[test]
fn one_whose_tokens_do_not_rise() {
    let message = failure_of(Flaw::ConstantToken, "tokens");
    assert!(message.contains("follows"), "{message}");
}

#[test]
fn one_that_claims_abandonment_reports_and_has_none() {
    let message = failure_of(Flaw::NoAbandonmentReports, "abandonment");
    assert!(message.contains("whether an abandonment is reported"), "{message}");
}

#[test]
fn one_that_hides_its_abandonment_reports() {
    let message = failure_of(Flaw::UnclaimedAbandonmentReports, "abandonment");
    assert!(message.contains("whether an abandonment is reported"), "{message}");
}

#[test]
fn one_that_hides_that_its_locks_can_be_lost() {
    let message = failure_of(Flaw::UnclaimedLoss, "loss");
    assert!(message.contains("cannot be lost, and one was"), "{message}");
}

#[test]
fn one_that_does_not_report_a_loss_to_the_holder() {
    let message = failure_of(Flaw::UnreportedLoss, "loss");
    assert!(message.contains("is not notified that its lock was lost"), "{message}");
}

#[test]
fn one_that_claims_to_record_runs_and_forgets_them() {
    let message = failure_of(Flaw::ForgetsRuns, "at most every");
    assert!(message.contains("a job runs again within its period"), "{message}");
}

#[test]
fn one_that_names_the_last_holder_as_the_current_one() {
    let message = failure_of(Flaw::StaleHolder, "holder");
    assert!(message.contains("still said to hold it"), "{message}");
}

#[test]
fn one_that_shows_a_held_lock_as_free() {
    for check in ["list", "status"] {
        let message = failure_of(Flaw::ListsAllAsFree, check);
        assert!(message.contains("a lock that is held is said to be free"), "{message}");
    }
}

#[test]
fn one_that_releases_a_lock_in_another_mode() {
    let message = failure_of(Flaw::ReleasesInAnyMode, "release in another mode");
    assert!(message.contains("a release in another mode releases the lock"), "{message}");
}

#[test]
fn one_that_forgets_an_unreported_death() {
    let message = failure_of(Flaw::ClearsUnreportedAbandonment, "release of an unused claim");
    assert!(message.contains("an abandonment is lost"), "{message}");
}
