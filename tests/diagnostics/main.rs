//! What the compiler says about wrong uses of the macros, and that it says nothing about right ones.
//!
//! The words around ours are the compiler's and change with its version, so the goldens are
//! compared on one version only. `TRYBUILD=overwrite` writes them anew.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// The compiler that wrote the goldens.
const VERSION: &str = "rustc 1.95.";

#[test]
fn diagnostics() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("rustc says its version");
    let version = String::from_utf8_lossy(&output.stdout);
    if !version.starts_with(VERSION) {
        // Written past the capture of the test harness, so that the skipping does not go unseen.
        let why = format!("diagnostics skipped: the goldens are of {VERSION}x, not of {version}");
        std::io::stderr().write_all(why.as_bytes()).expect("standard error can be written to");
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.pass("diagnostics/accepted/*.rs");
    cases.compile_fail("diagnostics/*_*.rs");
}

#[test]
fn a_second_version_of_the_library_in_one_program_is_refused() {
    let program = tempfile::tempdir().expect("a temporary folder can be made");
    let write = |path: &str, text: &str| {
        let path = program.path().join(path);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    };
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../jam-lock");
    let package = "[package]\nedition = \"2024\"\n";
    let dependencies = format!(
        "name = \"program\"\n[workspace]\n[dependencies]\njam-lock = {{ path = {library:?} }}\n\
         other = {{ package = \"jam-lock\", path = \"other\" }}\n"
    );
    write("Cargo.toml", &format!("{package}{dependencies}"));
    let other = "name = \"jam-lock\"\nversion = \"0.9.0\"\nlinks = \"jam-lock\"\n";
    write("other/Cargo.toml", &format!("{package}{other}"));
    for source in ["src/lib.rs", "other/src/lib.rs", "other/build.rs"] {
        write(source, "");
    }
    fs::copy(library.join("../Cargo.lock"), program.path().join("Cargo.lock"))
        .expect("it is there");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let metadata = cargo.args(["metadata", "--offline", "--format-version", "1"]);
    let output = metadata.current_dir(program.path()).output().expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("links to the native library `jam-lock`"), "{said}");
}
