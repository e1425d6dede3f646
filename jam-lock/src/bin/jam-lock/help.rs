//! What the help and the manual tell beyond the arguments.

use std::fmt::Write;

/// Things, and what is to be known of each.
pub(crate) type Entries = &'static [(&'static str, &'static str)];

/// What stands above [`RUN`].
pub(crate) const ABOVE_RUN: &str = "\
The status is the command's; where a signal has ended that, the same signal ends this. Else it is";

/// The statuses of `run`.
pub(crate) const RUN: Entries = &[
    ("75", "the lock was not to be had in time (see --exit-code)"),
    (
        "74",
        "the lock was lost while the command ran, which was then ended, on Linux with all that it \
         had started",
    ),
    ("71", "the lock could not be asked for"),
    ("127", "the command was not found"),
    ("126", "the command could not be run"),
    ("2", "the arguments are wrong"),
];

/// The statuses of `who`.
pub(crate) const WHO: Entries = &[
    ("0", "somebody holds it"),
    ("1", "nobody holds it"),
    ("2", "that could not be told, or the arguments are wrong"),
];

/// The statuses of everything else.
pub(crate) const OTHERS: Entries =
    &[("0", "all was done"), ("2", "the locks could not be looked at, or the arguments are wrong")];

/// How `run` is used.
pub(crate) const EXAMPLES: Entries = &[
    (
        "jam-lock run nightly --timeout 60 -- ./backup.sh",
        "Waits for a minute at the most, and else ends with status 75.",
    ),
    ("jam-lock run report --skip -- make report", "Leaves it to the one that runs already."),
    (
        "jam-lock run stock --shared -- sh -c './count.sh > stock.txt'",
        "Runs beside other readers, and a shell writes the file under the lock.",
    ),
];

/// What stands above [`JSON`].
pub(crate) const ABOVE_JSON: &str = "\
With --json, it is an array with an object for each lock, and null for what is not known:";

/// The keys of a lock.
pub(crate) const JSON: Entries = &[
    ("name", "what it is called"),
    ("state", "free, writer, readers, no writer (readers would not be seen) or unknown"),
    ("readers", "how many readers hold it"),
    ("waiting", "how many wait for it; those of another process count as one"),
    ("token", "the greatest token that was given out: digits in a string"),
    ("holder", "who holds it: an object"),
    ("abandoned_by", "who died with it, until the next holder is told: such an object"),
];

/// What stands above [`JSON_HOLDER`].
pub(crate) const ABOVE_JSON_HOLDER: &str = "Who holds it, or has died with it, has";

/// The keys of a holder.
pub(crate) const JSON_HOLDER: Entries = &[
    ("process", "the process id, a number"),
    ("program", "the file name of its program"),
    ("host", "the name of its machine"),
    ("function", "the function that acquired the lock, or the command that `run` runs"),
    ("file", "the source file of that function"),
    ("line", "the line in it, a number"),
    ("since", "when it acquired the lock: seconds since 1970 in UTC, by the clock of its machine"),
    ("held_for", "for how many seconds it had held the lock by now"),
    ("token", "the token of its acquisition: digits in a string"),
];

/// What the environment tells.
pub(crate) const ENVIRONMENT: Entries = &[(
    "JAM_LOCK",
    "The folder of the locks, or the URL of a PostgreSQL database, where --locks names none. \
     Without both it is the folder locks in the current directory.",
)];

/// What is in a folder of locks.
pub(crate) const FILES: Entries = &[
    ("NAME.lock", "What is locked for NAME, by flock(2)."),
    ("NAME.holder", "Who holds it, or held it last, for people to read; it never decides."),
];

/// Below all help of `run`.
pub(crate) fn run() -> String {
    format!("{ABOVE_RUN}\n{}", table(RUN))
}

/// Below the long help of `run`.
pub(crate) fn run_in_full() -> String {
    let examples: Vec<_> =
        EXAMPLES.iter().map(|(line, what)| format!("  {line}\n      {what}")).collect();
    format!(
        "{}\n\nOthers are told the first 60 bytes of the command's line, which should have no secrets.\n\nExamples:\n{}",
        run(),
        examples.join("\n")
    )
}

/// Below all help of `who`.
pub(crate) fn who() -> String {
    statuses(WHO)
}

/// Below all help of the others.
pub(crate) fn others() -> String {
    statuses(OTHERS)
}

/// Below the long help of `list`.
pub(crate) fn list_in_full() -> String {
    format!(
        "{ABOVE_JSON}\n{}\n\n{ABOVE_JSON_HOLDER}\n{}\n\n{}",
        table(JSON),
        table(JSON_HOLDER),
        others()
    )
}

fn statuses(entries: Entries) -> String {
    format!("The status is\n{}", table(entries))
}

/// A line for each entry.
fn table(entries: Entries) -> String {
    let width = entries.iter().map(|(what, _)| what.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (what, meaning) in entries {
        // Writing into a `String` does not fail.
        let _ = match what.parse::<u8>() {
            Ok(status) => writeln!(text, "  {status:>width$}  {meaning}"),
            Err(_) => writeln!(text, "  {what:width$}  {meaning}"),
        };
    }
    text.trim_end().to_owned()
}
