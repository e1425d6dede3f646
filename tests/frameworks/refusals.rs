//! The messages about orders of attributes that do not compile.

use std::path::Path;
use std::process::Command;

#[test]
fn attributes_that_would_copy_it_are_refused_above_it() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    let output = cargo.args(["test", "--no-run", "--lib", "--features", "refused"]).output();
    let output = output.expect("cargo runs");
    assert!(!output.status.success());
    let messages = String::from_utf8_lossy(&output.stderr);
    for (message, line) in [
        ("`#[rstest]` copies `#[locked]` to only some of the cases: put `#[locked]` above it", 15),
        ("`#[cached]` copies `#[locked]` to two functions, of which one calls the other", 22),
        // maybe-async, below it.
        ("found `Result<_, _>`", 27),
    ] {
        assert!(messages.contains(message), "{message} is missing:\n{messages}");
        assert!(messages.contains(&format!("--> refused.rs:{line}:")), "{line}:\n{messages}");
    }
}
