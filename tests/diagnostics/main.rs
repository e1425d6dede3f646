//! What the compiler says about wrong uses of the macros, and that it says nothing about right ones.
//!
//! The words around ours are the compiler's and change with its version, so the goldens are
//! compared on one version only. `TRYBUILD=overwrite` writes them anew.

use std::io::Write;
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
