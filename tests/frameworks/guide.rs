//! The guide's table has what the tests here show, for the versions that they run.

const GUIDE: &str = include_str!("../../jam-lock/src/guide/other_attributes.md");
const MANIFEST: &str = include_str!("Cargo.toml");

/// What the table says: the attribute, with `#[locked]` above it, and below it.
const SHOWN: [(&str, &str, &str); 14] = [
    ("axum 0.8 `debug_handler`", "held", "held"),
    ("actix-web 4.18", "held", "held"),
    ("rocket 0.5", "held", "held"),
    ("async-trait 0.1", "–", "held"),
    ("async-recursion 1.2", "held", "held"),
    ("maybe-async 0.2 `must_be_sync`", "does not compile", "held"),
    (
        "`enum_dispatch` 0.3",
        "–",
        "held on methods of the implementation; a default method acquires the lock twice: `LockError::Reentrant`",
    ),
    (
        "tokio 1 `test` and `main`",
        "held; released while blocking tasks may still run",
        "held until the runtime has ended",
    ),
    ("`serial_test` 4.0", "held", "held"),
    (
        "rstest 0.29",
        "held in every case",
        "refused: it copies `#[locked]` to only some of the cases",
    ),
    ("test-case 3.4", "held", "held, but a placeholder is not found"),
    (
        "cached 4.1",
        "held while a value that is not cached is computed",
        "refused: it copies `#[locked]` to a function that it calls",
    ),
    ("memoize 0.6", "held", "held; it remembers a timeout forever"),
    ("contracts 0.6", "conditions are checked outside the lock", "inside"),
];

#[test]
fn the_table_has_what_is_shown_here() {
    for (attribute, above, below) in SHOWN {
        let row = row(attribute);
        assert_eq!(row[1..], [above, below], "{attribute}");
        let mut words = attribute.split_whitespace().map(|word| word.trim_matches('`'));
        let (name, version) = (words.next().unwrap(), words.next().unwrap());
        let dependency = MANIFEST.lines().find(|line| line.starts_with(&format!("{name} = ")));
        let dependency = dependency.unwrap_or_else(|| panic!("{name} is no dependency"));
        assert!(dependency.contains(&format!("\"{version}\"")), "{attribute}: {dependency}");
    }
    // What is in bold is said to be shown.
    let bold = GUIDE
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|row| row.matches("**").count() / 2);
    assert_eq!(bold.sum::<usize>(), SHOWN.len() + 1);
    let spans = row("tracing 0.1 `instrument`");
    assert_eq!(spans[1..], ["the wait is inside the span", "the span is inside the lock"]);
}

/// The cells of the row that lists `attribute`.
fn row(attribute: &str) -> Vec<&'static str> {
    let rows = GUIDE.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let mut rows = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
    let row =
        rows.find(|row| row[0].split(", ").any(|listed| listed == format!("**{attribute}**")));
    row.unwrap_or_else(|| panic!("no row lists {attribute}"))
}
