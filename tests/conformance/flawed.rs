//! An engine that does what it should not, or says what is not so, fails the suite.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use jam_lock::LockName;
use jam_lock::conformance::{CHECKS, Subject};
use jam_lock::engine::Engine;

use super::Leases;
use super::lease::{Flaw, World};

/// The same leases, of which nothing is expected after a short while.
struct Flawed(Leases);

impl Subject for Flawed {
    fn process(&self) -> Arc<dyn Engine> {
        self.0.process()
    }

    fn die_with(&self, name: &LockName) -> bool {
        self.0.die_with(name)
    }

    fn lose(&self, name: &LockName) -> bool {
        self.0.lose(name)
    }

    fn until_waiting(&self, name: &LockName, processes: usize) -> bool {
        self.0.until_waiting(name, processes)
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(2)
    }
}

/// What the check says of an engine with the flaw.
fn objection(flaw: Flaw, check: &str) -> String {
    let subject = Flawed(Leases(Arc::new(World::new(7, Some(flaw)))));
    let (_, check) = CHECKS.iter().find(|(name, _)| *name == check).expect("there is such a check");
    let result = panic::catch_unwind(AssertUnwindSafe(|| check(&subject)));
    let why = result.expect_err("the check has found nothing");
    let text = why.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| why.downcast_ref::<String>().cloned()).expect("a panic with a text")
}

#[test]
fn one_that_excludes_no_process() {
    objection(Flaw::LetsAllIn, "exclusion");
    let said = objection(Flaw::LetsAllIn, "deadline");
    assert!(said.contains("it is held elsewhere"), "{said}");
}

#[test]
fn one_that_acts_on_duplicate_messages() {
    let said = objection(Flaw::TakesCopiesForNew, "cancellation at every step");
    assert!(said.contains("nothing is left"), "{said}");
}

#[test]
fn one_that_serves_the_last_waiter_first() {
    let said = objection(Flaw::ServesLastFirst, "order of service");
    assert!(said.contains("not served in the order"), "{said}");
}

#[test]
fn one_that_claims_shared_locks_and_has_none() {
    let said = objection(Flaw::KnowsNoReaders, "readers and writers");
    assert!(said.contains("readers share it"), "{said}");
}

#[test]
fn one_whose_tokens_do_not_rise() {
    let said = objection(Flaw::GivesOneToken, "tokens");
    assert!(said.contains("follows"), "{said}");
}

#[test]
fn one_that_claims_abandonment_reports_and_has_none() {
    let said = objection(Flaw::ForgetsDeaths, "abandonment");
    assert!(said.contains("whether the death is told"), "{said}");
}

#[test]
fn one_that_hides_its_abandonment_reports() {
    let said = objection(Flaw::HidesThatItTells, "abandonment");
    assert!(said.contains("whether the death is told"), "{said}");
}

#[test]
fn one_that_hides_that_its_locks_can_be_lost() {
    let said = objection(Flaw::HidesThatItLoses, "loss");
    assert!(said.contains("cannot be lost, and one was"), "{said}");
}

#[test]
fn one_that_does_not_report_a_loss_to_the_holder() {
    let said = objection(Flaw::KeepsLossesQuiet, "loss");
    assert!(said.contains("is not told that it has lost"), "{said}");
}

#[test]
fn one_that_names_the_last_holder_as_the_current_one() {
    let said = objection(Flaw::NamesWhoHasLeft, "holder");
    assert!(said.contains("still said to be the holder"), "{said}");
}

#[test]
fn one_that_shows_a_held_lock_as_free() {
    for check in ["survey", "status"] {
        let said = objection(Flaw::SaysThatAllIsFree, check);
        assert!(said.contains("a lock that is held is said to be free"), "{said}");
    }
}

#[test]
fn one_that_releases_a_lock_in_another_mode() {
    let said = objection(Flaw::ReleasesInAnyMode, "release in another mode");
    assert!(said.contains("a release in another mode frees it"), "{said}");
}

#[test]
fn one_that_forgets_an_unreported_death() {
    let said = objection(Flaw::ForgetsWhatNobodyHeard, "release of what nobody used");
    assert!(said.contains("a death is forgotten"), "{said}");
}
