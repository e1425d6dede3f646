//! The guide names tests that exist, and lists all messages.

use std::fs;
use std::path::Path;

const PROMISES: &str = include_str!("../../jam-lock/src/guide/promises.md");

const TABLES: [&str; 3] = [
    PROMISES,
    include_str!("../../jam-lock/src/guide/what_happens_when.md"),
    include_str!("../../jam-lock/src/guide/postgres.md"),
];

const TROUBLESHOOTING: &str = include_str!("../../jam-lock/src/guide/troubleshooting.md");

#[test]
fn the_tests_that_it_names_exist() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    for table in TABLES {
        let rows = table.lines().filter_map(|line| line.strip_suffix("* |")?.rsplit_once("| `"));
        let mut named = 0;
        for (_, shown_by) in rows {
            let (file, test) = shown_by.split_once("`: *").expect("a file and a test");
            // A narrow column wraps only at spaces: in a long path, and in the sentence that a test is.
            let (file, test) = (file.replace("` `", ""), test.replace(' ', "_"));
            let folder =
                if file.starts_with("jam-lock/") { tests.join("..") } else { tests.to_owned() };
            let source = fs::read_to_string(folder.join(&file)).expect(&file);
            assert!(source.contains(&format!("fn {test}()")), "{file} has no {test}");
            named += 1;
        }
        assert!(named > 10, "{named} tests are named");
    }
}

#[test]
fn it_names_a_test_of_every_promise() {
    let (_, part) = PROMISES.split_once("\n# Promised\n").expect("it has that part");
    let (part, _) = part.split_once("\n# ").expect("another part follows");
    let promises = part.lines().filter_map(|line| line.strip_prefix("## "));
    let mut found = 0;
    for promise in promises {
        let row = format!("| [{promise}](#{}) | ", promise.to_lowercase().replace(' ', "-"));
        assert!(PROMISES.contains(&row), "no test of {promise}");
        found += 1;
    }
    assert!(found > 8, "{found} promises were found");
}

#[test]
fn each_page_has_the_title_that_the_guide_lists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../jam-lock/src");
    let guide = fs::read_to_string(folder.join("guide.rs")).expect("it is text");
    let links = guide.lines().filter_map(|line| line.strip_prefix("//! | [")?.split_once("]("));
    let mut found = 0;
    for (title, rest) in links {
        let (page, _) = rest.split_once(')').expect("the link ends");
        let text = fs::read_to_string(folder.join(format!("guide/{page}.md"))).expect(page);
        assert_eq!(text.lines().next(), Some(&*format!("# {title}")), "{page}");
        found += 1;
    }
    assert_eq!(found, guide.matches("\npub mod ").count());
}

#[test]
fn it_lists_every_error_of_the_library() {
    let guide = on_one_line(TROUBLESHOOTING);
    let timeout = include_str!("../../jam-lock/src/error/timeout_message.rs");
    let too_soon = include_str!("../../jam-lock/src/error/too_soon_message.rs");
    let source = include_str!("../../jam-lock/src/error.rs").to_owned() + timeout + too_soon;
    let (_, variants) = source.split_once("pub enum LockError {").expect("the enum exists");
    let (variants, _) = variants.split_once("\n}").expect("it ends");
    let variants = variants.lines().filter_map(|line| {
        line.strip_prefix("    ")
            .filter(|line| line.starts_with(char::is_uppercase))?
            .strip_suffix(" {")
    });
    let mut found = 0;
    for variant in variants {
        let link = format!("[`LockError::{variant}`](crate::LockError::{variant})");
        assert!(TROUBLESHOOTING.contains(&link), "{variant} is missing");
        found += 1;
    }
    assert!(found > 10, "{found} variants were found");

    let mut found = 0;
    for start in ["#[error(", "write!(f, "] {
        for text in source.split(start).skip(1).filter_map(literal) {
            let text = with_placeholders(&text, '{', '}');
            assert!(guide.contains(&text), "missing: {text}");
            found += 1;
        }
    }
    assert!(found > 12, "{found} texts were found");
}

#[test]
fn it_lists_every_message_of_the_macros() {
    let guide = with_placeholders(&on_one_line(TROUBLESHOOTING), '`', '`');
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("diagnostics");
    let mut found = 0;
    for entry in fs::read_dir(folder).expect("it can be listed") {
        let path = entry.expect("it can be read").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // These are the compiler's messages about the user's own code.
        let is_of_the_user = name.starts_with("lints_") || name.starts_with("types_");
        if path.extension().is_none_or(|extension| extension != "stderr") || is_of_the_user {
            continue;
        }
        let golden = fs::read_to_string(&path).expect("it is text");
        for line in golden.lines().filter(|line| line.starts_with("error")) {
            let (_, message) = line.split_once(": ").expect("a message follows");
            // Invalid names have a table of their own, with only the reason.
            let reason = message.strip_prefix("invalid lock name `");
            let reason = reason.and_then(|rest| rest.split_once("`: "));
            let message = reason.map_or(message, |(_, reason)| reason);
            let message = with_placeholders(message, '`', '`');
            assert!(guide.contains(&message), "{name}: missing: {message}");
            found += 1;
        }
    }
    assert!(found > 100, "{found} messages were found");
}

/// `text` without its line breaks, because the guide wraps long messages.
fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The string literal that `code` starts with, if it does, as the program has it.
fn literal(code: &str) -> Option<String> {
    let text = code.trim_start().strip_prefix('"')?;
    let (text, _) = text.split_once('"')?;
    let lines = text.split("\\\n").enumerate();
    let lines = lines.map(|(number, line)| if number == 0 { line } else { line.trim_start() });
    Some(lines.collect())
}

/// `text` with `…` in place of all text between `open` and `close`, which are kept if they are the same
/// character.
fn with_placeholders(text: &str, open: char, close: char) -> String {
    let mut outside = String::new();
    let mut is_inside = false;
    for c in text.chars() {
        if c == (if is_inside { close } else { open }) {
            is_inside = !is_inside;
            if is_inside {
                outside.push('…');
            }
        } else if !is_inside {
            outside.push(c);
        }
    }
    outside
}
