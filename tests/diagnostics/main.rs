//! The compiler's errors for wrong uses of the macros.
//!
//! Parts of the output are the compiler's own and change with its version, so the golden files are
//! compared with one version only. `TRYBUILD=overwrite` regenerates them.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// The compiler version of the golden files.
const VERSION: &str = "rustc 1.95.";

#[test]
fn diagnostics() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("rustc prints its version");
    let version = String::from_utf8_lossy(&output.stdout);
    if !version.starts_with(VERSION) {
        // Written past the output capture of the test harness, so that the skipped test is noticed.
        let why = format!("diagnostics skipped: the golden files need {VERSION}x, not {version}");
        std::io::stderr().write_all(why.as_bytes()).expect("standard error can be written to");
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.compile_fail("*_*.rs");
}

#[test]
fn the_goldens_do_not_depend_on_the_sources_of_std() {
    // rustc shows lines of them, if they are installed.
    for entry in fs::read_dir(".").expect("it can be listed") {
        let path = entry.expect("it can be read").path();
        if path.extension().is_some_and(|extension| extension == "stderr") {
            let golden = fs::read_to_string(&path).expect("it is text");
            assert!(!golden.contains("$RUST"), "{}", path.display());
        }
    }
}

#[test]
fn each_mistake_of_a_newcomer_is_shown_by_a_test_and_nearly_all_lead_to_the_next_step() {
    let table = fs::read_to_string("mistakes.md").expect("it is text");
    let mut leads_on = Vec::new();
    for row in table.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [_, leads, shown_by] = cells[..] else { panic!("{row}") };
        let (file, test) = shown_by.split_once(": ").unwrap_or((shown_by, ""));
        let text = fs::read_to_string(Path::new("..").join(file.trim_matches('`'))).expect(row);
        assert!(
            text.contains(&format!("fn {}", test.trim_matches('`'))) || test.is_empty(),
            "{row}"
        );
        leads_on.push(["message", "table", "works"].contains(&leads));
    }
    assert!(leads_on.len() >= 50, "{}", leads_on.len());
    let not = leads_on.iter().filter(|leads| !**leads).count();
    assert!(not * 10 <= leads_on.len(), "{not} of {} lead nowhere", leads_on.len());
}

#[test]
fn two_versions_of_the_library_in_one_program_are_rejected() {
    let program = tempfile::tempdir().expect("a temporary folder can be made");
    let write = |path: &str, text: &str| {
        let path = program.path().join(path);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("it can be created");
        fs::write(path, text).expect("it can be written");
    };
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../jam-lock");
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
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("links to the native library `jam-lock`"), "{errors}");
}
