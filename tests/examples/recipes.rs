//! `examples/recipes`: the answers in the README are pieces of examples, which run.

use std::fs;
use std::path::Path;

use jam_lock_tests::output::printed;

use super::{example, folder, run};

#[test]
fn they_run() {
    let output = run(&mut example("recipes", folder().path()), "");
    let expected = [
        "making the report",
        "42 pieces for customer 7",
        "100 cents from 7 to 8",
        "42 pieces",
        "42 pieces",
        "customer 7 owes nothing",
    ];
    assert_eq!(printed(&output), expected.join("\n"));
}

/// A piece that the README marks as `ignore` is no whole program, so it is not compiled there.
#[test]
fn each_piece_of_code_in_the_documents_is_copied_from_an_example() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let examples: Vec<_> = fs::read_dir(repository.join("examples"))
        .expect("it can be listed")
        .map(|entry| entry.expect("it can be read").path())
        .chain(
            fs::read_dir(repository.join("examples/units")).unwrap().map(|it| it.unwrap().path()),
        )
        .filter(|path| path.is_file())
        .map(|path| without_indentation(&fs::read_to_string(path).expect("it is text")))
        .collect();
    let documents = ["README.md", "jam-lock/src/guide/command_line.md"]
        .map(|path| fs::read_to_string(repository.join(path)).expect("it is text"))
        .concat();
    let mut found = 0;
    for start in ["```rust,ignore\n", "```crontab\n", "```ini\n"] {
        for piece in documents.split(start).skip(1) {
            let (pieces, _) = piece.split_once("\n```").expect("it ends");
            for piece in pieces.split("\n\n") {
                // `…` stands for the rest of a body.
                let (piece, _) = piece.split_once("    // …").unwrap_or((piece, ""));
                let piece = without_indentation(&piece.replace("{ … }", "{"));
                let is_copied = examples.iter().any(|example| example.contains(piece.trim_end()));
                assert!(is_copied, "no example has\n{piece}");
                found += 1;
            }
        }
    }
    assert!(found > 9, "{found} pieces were found");
}

/// The lines of `code` without indentation and without empty lines.
fn without_indentation(code: &str) -> String {
    let lines = code.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| line.to_owned() + "\n").collect()
}
