//! The search over graphs that change while they are looked at.

use super::*;

/// The wait `number` of the holder of a lock, for `wanted`.
type Step = (u64, char);

const OWN: u64 = 9;

/// What each look at a lock finds, one after the other; the last one stays.
struct Script(Vec<(char, Vec<Vec<Step>>)>);

impl Script {
    fn new(locks: &[(char, &[&[Step]])]) -> Self {
        let all = |found: &[&[Step]]| found.iter().map(|steps| steps.to_vec()).collect();
        Self(locks.iter().map(|(lock, found)| (*lock, all(found))).collect())
    }

    fn search(mut self) -> Found<Step> {
        search(&mut self, &'a')
    }
}

impl Graph for Script {
    type Lock = char;
    type Step = Step;

    fn steps(&mut self, lock: &char) -> Steps<Step> {
        let found = self.0.iter_mut().find(|(name, _)| name == lock).map(|(_, looks)| looks);
        Steps::Known(match found {
            Some(looks) if looks.len() > 1 => looks.remove(0),
            Some(looks) => looks[0].clone(),
            None => Vec::new(),
        })
    }

    fn wanted(&self, (_, wanted): &Step) -> char {
        *wanted
    }

    fn number(&self, (number, _): &Step) -> u64 {
        *number
    }

    fn is_own(&self, (number, _): &Step) -> bool {
        *number == OWN
    }
}

/// The own wait is for `a`, and is published at `z`.
const OWN_WAIT: (char, &[&[Step]]) = ('z', &[&[(OWN, 'a')]]);

#[test]
fn a_cycle_through_several_owners_is_found() {
    let script = Script::new(&[('a', &[&[(5, 'b')]]), ('b', &[&[(7, 'z')]]), OWN_WAIT]);
    let Found::Cycle { steps, is_youngest } = script.search() else { panic!("it is a cycle") };
    assert_eq!(steps, [(5, 'b'), (7, 'z'), (OWN, 'a')]);
    assert!(is_youngest);
}

#[test]
fn the_owner_that_started_to_wait_last_is_the_youngest() {
    let script = Script::new(&[('a', &[&[(11, 'z')]]), OWN_WAIT]);
    assert!(matches!(script.search(), Found::Cycle { is_youngest: false, .. }));
}

#[test]
fn waits_that_were_never_there_at_once_are_no_cycle() {
    // The holder of `a` stops waiting before that of `b` starts.
    let script = Script::new(&[('a', &[&[(5, 'b')], &[]]), ('b', &[&[(7, 'z')]]), OWN_WAIT]);
    assert!(matches!(script.search(), Found::Unclear));
}

#[test]
fn a_wait_that_has_started_again_is_another_one() {
    let script = Script::new(&[('a', &[&[(5, 'z')], &[(6, 'z')]]), OWN_WAIT]);
    assert!(matches!(script.search(), Found::Unclear));
}

#[test]
fn a_way_into_the_cycle_of_others_ends_there() {
    let script = Script::new(&[('a', &[&[(5, 'b')]]), ('b', &[&[(7, 'a')]]), OWN_WAIT]);
    assert!(matches!(script.search(), Found::None));
}

#[test]
fn every_wait_of_a_task_is_followed() {
    let script = Script::new(&[('a', &[&[(5, 'x'), (6, 'z')]]), OWN_WAIT]);
    assert!(matches!(script.search(), Found::Cycle { .. }));
}

/// A forged record may say that its holder waits for a lock which nobody has heard of, and so on.
struct Endless(u64);

impl Graph for Endless {
    type Lock = u64;
    type Step = u64;

    fn steps(&mut self, lock: &u64) -> Steps<u64> {
        self.0 += 1;
        Steps::Known(vec![lock + 1])
    }

    fn wanted(&self, step: &u64) -> u64 {
        *step
    }

    fn number(&self, step: &u64) -> u64 {
        *step
    }

    fn is_own(&self, _: &u64) -> bool {
        false
    }
}

#[test]
fn a_way_without_an_end_is_given_up() {
    let mut endless = Endless(0);
    assert!(matches!(search(&mut endless, &0), Found::None));
    assert_eq!(endless.0, MAX_STEPS as u64 + 1);
}
