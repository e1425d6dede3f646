//! Every lint of clippy reports the same of a function or a block with and without the macros.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The package with functions and blocks of every shape; its feature `plain` has them without the macros.
const PACKAGE: &str = "jam-lock-tests-lints";

/// The version of clippy whose lints are compared.
const VERSION: &str = "clippy 0.1.95";

/// Lints that a function with a lock has no reason for.
const WITHOUT_REASON: [&str; 4] = [
    // It does something at run time.
    "clippy::missing_const_for_fn",
    // Its parameters move into the section.
    "clippy::needless_pass_by_value",
    // A section may be a block or a closure inside of the function.
    "clippy::needless_return",
    "clippy::implicit_return",
];

/// Only wanted of items in another order, but a macro comes before what uses it.
const ORDER: &str = "clippy::arbitrary_source_item_ordering";

/// How often each lint is reported for each item.
type Lints = BTreeMap<(String, usize, String), usize>;

#[test]
fn every_lint_of_clippy_is_the_same_with_and_without_a_lock() {
    let version = cargo().arg("--version").output().ok().filter(|output| output.status.success());
    let Some(version) = version else {
        assert!(env::var_os("JAM_LOCK_SKIP_NOTHING").is_none(), "clippy is not installed");
        return skip("clippy is not installed");
    };
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    if !version.starts_with(VERSION) {
        return skip(&format!("the lints are compared with {VERSION}x, not {version}"));
    }
    let (plain, locked) = (lints("every-lint,plain"), lints("every-lint"));
    assert!(plain.len() > 50, "{plain:#?}");
    let more = |one: &Lints, other: &Lints| {
        let more = one.iter().filter(|(lint, count)| other.get(lint).unwrap_or(&0) < count);
        more.map(|(lint, _)| lint.clone()).collect::<Vec<_>>()
    };
    let mut added = more(&locked, &plain);
    added.retain(|(file, _, lint)| {
        // A `return` is seen to be needless in a block, but not in that of the macro that replaces it.
        !matches!((&**file, &**lint), ("lib.rs", ORDER) | ("blocks.rs", "clippy::needless_return"))
    });
    assert_eq!(added, [], "with a lock only");
    let mut lost = more(&plain, &locked);
    lost.retain(|(file, _, lint)| {
        file != "without_locks.rs" && !WITHOUT_REASON.contains(&lint.as_str())
    });
    assert_eq!(lost, [], "without a lock only");
}

/// Says why the test is skipped, past the capture of the test harness, so that it is seen.
fn skip(why: &str) {
    let text = format!("skipped: {why}\n");
    io::stderr().write_all(text.as_bytes()).expect("standard error can be written to");
}

fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.arg("clippy");
    cargo
}

fn lints(features: &str) -> Lints {
    let mut cargo = cargo();
    cargo.args([
        "--offline",
        "--message-format=json",
        "--package",
        PACKAGE,
        "--features",
        features,
    ]);
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut lints = Lints::new();
    let messages = String::from_utf8(output.stdout).expect("it is JSON");
    for message in messages.lines() {
        let message: Value = serde_json::from_str(message).expect("it is JSON");
        let is_ours = message["package_id"].as_str().is_some_and(|id| id.contains("tests/lints"));
        let (Some(lint), true) = (message["message"]["code"]["code"].as_str(), is_ours) else {
            continue;
        };
        let spans = message["message"]["spans"].as_array();
        let primary = spans.into_iter().flatten().find(|span| span["is_primary"] == true);
        let (file, item) = primary.map_or_else(Default::default, place);
        *lints.entry((file, item, lint.to_owned())).or_default() += 1;
    }
    lints
}

/// The file of a lint, and which item there it is about: a lint of generated code is shown at the attribute.
fn place(span: &Value) -> (String, usize) {
    let path = span["file_name"].as_str().expect("it has a file");
    let line = span["line_start"].as_u64().and_then(|line| usize::try_from(line).ok());
    let text = fs::read_to_string(Path::new("../..").join(path)).unwrap_or_default();
    let lines = text.lines().take(line.expect("it has a line"));
    let docs = lines.map(|line| line.trim_start().starts_with("///")).collect::<Vec<_>>();
    let items = docs.windows(2).filter(|pair| !pair[0] && pair[1]).count();
    let file = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
    (file.into_owned(), items)
}
