//! The guide fits into a window of 1280 pixels, where its column has room for this many characters of code.

use std::fs;
use std::path::Path;

/// How many characters of a code font fit into a page.
const COLUMNS: usize = 97;

/// How many of them fit into a box with code.
const COLUMNS_OF_CODE: usize = 94;

/// The pages of the guide, and those of the crate and of its macro, with their names.
fn pages() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../jam-lock/src");
    let files = [&folder, &folder.join("guide")].map(|it| fs::read_dir(it).expect("it is there"));
    let paths = files.into_iter().flatten().map(|entry| entry.expect("it can be read").path());
    let pages = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn no_table_scrolls_sideways() {
    let mut found = 0;
    for (page, text) in pages() {
        for table in text.split("\n\n").filter(|it| it.trim_start().starts_with('|')) {
            let mut widths = Vec::new();
            for row in table.trim().lines() {
                let row = without_link_targets(row).replace("\\|", "¦");
                let cells = row.trim_matches('|').split('|').map(longest_word);
                for (column, width) in cells.enumerate() {
                    widths.resize(widths.len().max(column + 1), 0);
                    widths[column] = width.max(widths[column]);
                }
            }
            let width: usize = widths.iter().sum();
            assert!(width <= COLUMNS, "{page}: {widths:?} in\n{table}");
            found += 1;
        }
    }
    assert!(found > 30, "{found} tables were found");
}

#[test]
fn no_code_scrolls_sideways() {
    let mut found = 0;
    for (page, text) in pages() {
        for code in text.split("```").skip(1).step_by(2) {
            let lines = code.lines().filter(|line| !line.starts_with("# "));
            let longest = lines.max_by_key(|line| line.chars().count()).unwrap_or_default();
            assert!(longest.chars().count() <= COLUMNS_OF_CODE, "{page}: {longest}");
            found += 1;
        }
    }
    assert!(found > 60, "{found} pieces of code were found");
}

/// The length of the longest word of a cell, which is not broken.
fn longest_word(cell: &str) -> usize {
    let is_rule = cell.chars().all(|it| "-: ".contains(it));
    let words = cell.split_whitespace().map(|word| word.trim_matches(['`', '*', '[', ']', ',']));
    if is_rule { 0 } else { words.map(|word| word.chars().count()).max().unwrap_or_default() }
}

/// A row with only the texts of its links.
fn without_link_targets(row: &str) -> String {
    let mut parts = row.split("](");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once(')').map_or("", |(_, rest)| rest))
}
