//! `examples/index`: the next writer rebuilds what a killed writer has left behind.

use std::path::Path;

use jam_lock_tests::child::Child;
use jam_lock_tests::output::printed;

use super::{example, folder, run};

fn add(folder: &Path, documents: &str) -> String {
    printed(&run(example("index", folder).arg("add"), documents))
}

fn find(folder: &Path, word: &str) -> String {
    printed(&run(example("index", folder).args(["find", word]), ""))
}

#[test]
fn added_documents_are_found() {
    let folder = folder();
    assert_eq!(add(folder.path(), "the quick fox\nthe slow fox\n").lines().count(), 2);
    assert_eq!(find(folder.path(), "fox"), "the quick fox\nthe slow fox");
    assert_eq!(find(folder.path(), "slow"), "the slow fox");
    assert_eq!(find(folder.path(), "dog"), "");
}

#[test]
fn the_next_writer_rebuilds_the_index_after_a_crash() {
    let folder = folder();
    let mut writer = Child::start(example("index", folder.path()).arg("add"));
    writer.send("the quick fox");
    assert_eq!(writer.next_line(), "added the quick fox");
    let process = writer.id();
    writer.kill();

    let found = find(folder.path(), "fox");
    assert!(
        found.starts_with("the index may be incomplete: it was left half-written by "),
        "{found}"
    );
    assert_eq!(found.lines().count(), 1, "the killed writer had written its words: {found}");

    let printed = add(folder.path(), "");
    assert!(
        printed.starts_with("rebuilding the index, which was left half-written by `add`"),
        "{printed}"
    );
    assert!(printed.contains(&format!("(pid {process})")), "{printed}");
    assert_eq!(find(folder.path(), "fox"), "the quick fox");
    assert_eq!(add(folder.path(), ""), "");
}
