//! `examples/transfer`: transfers in opposite directions neither lose money nor deadlock.

use super::{example, folder};

#[test]
fn transfers_in_both_directions_run_at_once() {
    let folder = folder();
    let start = |from: &str, to: &str, cents: &str| {
        let mut program = example("transfer", folder.path());
        program.args([from, to, cents]).spawn().unwrap()
    };
    let programs: Vec<_> = (0..8)
        .flat_map(|_| [start("7", "8", "30"), start("8", "7", "10"), start("7", "7", "5")])
        .collect();
    for mut program in programs {
        assert!(program.wait().unwrap().success());
    }
    let balance = |number: u8| {
        let file = folder.path().join(format!("account {number}.txt"));
        std::fs::read_to_string(file).unwrap().trim().parse::<u32>().unwrap()
    };
    assert_eq!([balance(7), balance(8)], [1_000 - 8 * 20, 1_000 + 8 * 20]);
}
