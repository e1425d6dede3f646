//! The guide names tests that exist.

use std::fs;
use std::path::Path;

const TABLES: [&str; 2] = [
    include_str!("../../jam-lock/src/guide/what_happens_when.md"),
    include_str!("../../jam-lock/src/guide/engines.md"),
];

#[test]
fn the_tests_that_it_names_exist() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    for table in TABLES {
        let rows = table.lines().filter_map(|line| line.strip_suffix("` |")?.rsplit_once("| `"));
        let mut named = 0;
        for (_, shown_by) in rows {
            let (file, test) = shown_by.split_once("`: `").expect("a file and a test");
            let folder =
                if file.starts_with("jam-lock/") { tests.join("..") } else { tests.to_owned() };
            let source = fs::read_to_string(folder.join(file)).expect(file);
            assert!(source.contains(&format!("fn {test}()")), "{file} has no {test}");
            named += 1;
        }
        assert!(named > 10, "{named} tests are named");
    }
}
