//! Programs that tests start: `child`, and the examples.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The path of the program that carries out orders.
pub fn program() -> PathBuf {
    beside_the_tests("child")
}

/// The command that runs the example `name`.
pub fn example(name: &str) -> Command {
    build_examples();
    Command::new(beside_the_tests(&format!("examples/{name}")))
}

/// Builds the examples as `cargo test` has built them, so it takes long only where one test is run by
/// itself: a choice of packages would choose features, with which much is compiled once more.
fn build_examples() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it has a parent");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--examples"]).current_dir(workspace);
        assert!(cargo.status().expect("cargo runs").success(), "the examples cannot be built");
    });
}

fn beside_the_tests(program: &str) -> PathBuf {
    let test = env::current_exe().expect("a running test is a file");
    // Tests are in a folder of their own, beside the programs.
    let folder = test.ancestors().nth(2).expect("it is in a folder");
    folder.join(program).with_extension(env::consts::EXE_EXTENSION)
}
