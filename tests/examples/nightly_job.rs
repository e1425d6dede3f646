//! `examples/nightly_job`: the second instance is skipped.

use jam_lock_tests::child::Child;
use jam_lock_tests::output::printed;

use super::{example, folder, run};

#[test]
fn a_second_instance_is_skipped_until_the_first_has_ended() {
    let folder = folder();
    let job = || example("nightly_job", folder.path());
    let mut first = Child::start(&mut job());
    assert_eq!(first.next_line(), "making the report");
    let second = run(&mut job(), "");
    assert!(second.status.success());
    assert_eq!(printed(&second), "skipped: the report is already being made");
    first.send("a sale");
    first.send("another one");
    assert_eq!(first.finish(), ["report finished: 2 sales"]);
    assert_eq!(printed(&run(&mut job(), "")), "making the report\nreport finished: 0 sales");
}

#[test]
fn a_killed_instance_does_not_block_the_next() {
    let folder = folder();
    let job = || example("nightly_job", folder.path());
    let mut first = Child::start(&mut job());
    assert_eq!(first.next_line(), "making the report");
    first.kill();
    assert_eq!(printed(&run(&mut job(), "")), "making the report\nreport finished: 0 sales");
}
