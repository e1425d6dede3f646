//! `examples/watch`: the picture in the README is a recording of the command.

use std::fs;
use std::path::Path;
use std::process::Command;

use jam_lock_tests::requirements::skip;

use super::{example, folder};

#[test]
fn the_picture_can_be_recorded_again() {
    let folder = folder();
    let picture = folder.path().join("watch.svg");
    // The command and the folder of the examples are in one folder.
    let one = example("progress", folder.path());
    let programs = Path::new(one.get_program()).ancestors().nth(2).expect("it is in a folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/watch/record.py");
    let mut record = Command::new("python3");
    record.arg(script).arg("--programs").arg(programs).arg("--output").arg(&picture);
    let Ok(output) = record.args(["--interval", "0.2"]).output() else {
        return skip("python3 is not installed");
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let recorded = fs::read_to_string(picture).expect("it was written");
    let kept = include_str!("../../examples/watch/watch.svg");
    for shown in [">writer<", ">abandoned<", ">died inside: `add` at examples/index.rs", ">free"] {
        for picture in [&*recorded, kept] {
            assert!(picture.contains(shown), "{shown} is missing in {picture}");
        }
    }
}
