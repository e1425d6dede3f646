//! The parts of the help and of the manual that are not about arguments.

use std::fmt::Write;

/// Terms with their descriptions.
pub(crate) type Entries = &'static [(&'static str, &'static str)];

/// Introduces [`RUN`].
pub(crate) const RUN_INTRO: &str = "\
jam-lock run exits like the command: with its status, or by the signal that killed it. \
Otherwise, the exit status is:";

/// The exit statuses of `run`.
pub(crate) const RUN: Entries = &[
    ("75", "timed out waiting for the lock, or too soon with --at-most-every (see --exit-code)"),
    (
        "74",
        "the lock was lost while the command ran: its file was removed; or the server ended it, and \
         the command was terminated, on Linux with all its descendants",
    ),
    ("71", "the lock could not be accessed, or was never used (see --existing)"),
    ("127", "the command was not found"),
    ("126", "the command could not be run"),
    ("2", "invalid arguments"),
];

/// The exit statuses of `who`.
pub(crate) const WHO: Entries = &[
    ("0", "the lock is held"),
    ("1", "the lock is free"),
    ("2", "that cannot be determined, or invalid arguments"),
];

/// The exit statuses of every other subcommand.
pub(crate) const OTHERS: Entries =
    &[("0", "success"), ("2", "the locks cannot be accessed, or invalid arguments")];

/// Examples of the command.
pub(crate) const TOP_EXAMPLES: Entries = &[
    ("jam-lock run nightly -- ./backup.sh", "wait for the lock, then run it"),
    ("jam-lock run report --skip -- make report", "skip it if it is running"),
    ("jam-lock list", "show all locks and their holders"),
    ("jam-lock who nightly", "show the holder of one lock"),
];

/// Examples of `run`.
pub(crate) const EXAMPLES: Entries = &[
    (
        "jam-lock run nightly --timeout 60 -- ./backup.sh",
        "Waits for a minute at most, and exits with status 75 if the lock is still held.",
    ),
    ("jam-lock run report --skip -- make report", "Skips this run if another is in progress."),
    ("jam-lock run export --permits 3 -- ./export.sh", "Runs beside two others at the most."),
    (
        "jam-lock run nightly --at-most-every 1h --skip -- ./backup.sh",
        "Skips this run if the last one that exited with status 0 began less than an hour ago.",
    ),
    (
        "jam-lock run stock --shared -- sh -c './count.sh > stock.txt'",
        "Runs together with other readers; the shell writes the file under the lock.",
    ),
];

/// Introduces [`JSON`].
pub(crate) const JSON_INTRO: &str = "\
With --json, the output is an array with an object for each lock; unknown values are null:";

/// The keys of a lock.
pub(crate) const JSON: Entries = &[
    ("name", "the name of the lock"),
    ("state", "free, writer, readers, no writer (there may be readers), permits or unknown"),
    ("readers", "the number of readers that hold it"),
    ("waiting", "the number of waiters; all waiters of another process count as one"),
    ("token", "the greatest token issued so far: a string of digits"),
    ("holder", "the holder: an object"),
    ("abandoned_by", "the holder that died with it, until a writer recovers: an object as well"),
    (
        "unreleased_by",
        "a holder that lives and has not released it, although it is free or held by another one: its \
         lock file was removed, or the folder is mounted twice or is a copy",
    ),
    (
        "last_run",
        "the last run with --at-most-every that ended well: an object with began and next (seconds \
         since 1970, by the clock of the locks), age and period (seconds), and its holder",
    ),
    (
        "permits",
        "an array with such an object for each permit, if the lock has several and one is held; the \
         holder and the token are the first and the greatest of theirs",
    ),
];

/// Introduces [`JSON_HOLDER`].
pub(crate) const JSON_HOLDER_INTRO: &str = "A holder is an object with these keys:";

/// The keys of a holder.
pub(crate) const JSON_HOLDER: Entries = &[
    ("process", "the process id, a number"),
    ("program", "the file name of its program"),
    ("host", "the host name of its machine"),
    ("function", "the function that acquired the lock, or the command under `jam-lock run`"),
    ("file", "the source file of that function"),
    ("line", "the line in that file, a number"),
    ("since", "when it acquired the lock: seconds since 1970 in UTC, by the clock of its machine"),
    ("held_for", "for how many seconds it has held the lock"),
    ("token", "the token of its acquisition: a string of digits"),
    (
        "waits_for",
        "the lock that it waits for: an object with name, location, function, file, line, since, \
         waiting_for (seconds), closes_cycle (true in a deadlock) and the holder of that lock, as here",
    ),
];

/// The environment variables.
pub(crate) const ENVIRONMENT: Entries = &[
    (
        "JAM_LOCK",
        "The lock folder, or the URL of a PostgreSQL database, unless --locks is given. The default \
         is the folder locks in the current directory. A leading ~ or a variable is not expanded, but \
         refused.",
    ),
    ("NO_COLOR", "If set, list and watch use no colours, unless --color is given."),
];

/// The files in a lock folder.
pub(crate) const FILES: Entries = &[
    ("NAME.lock", "The file that is locked with flock(2) for the lock NAME."),
    ("NAME.holder", "Its current or last holder, for people to read; it decides nothing."),
];

/// What holds the lock if `jam-lock` is killed.
pub(crate) const KILLED: &str = "\
If jam-lock itself is killed, a lock of a folder is held until the command and all processes that \
it started have exited, because they inherit the lock file. A lock of a database is released.";

/// Shown below the help of the command.
pub(crate) fn top() -> String {
    format!("Examples:\n{}", table(TOP_EXAMPLES))
}

/// Shown below the help of `run`.
pub(crate) fn run() -> String {
    format!("{RUN_INTRO}\n{}", table(RUN))
}

/// Shown below the long help of `run`.
pub(crate) fn run_long() -> String {
    let example = |(line, what): &(&str, &str)| {
        let what = wrapped(what, WIDTH - 6).join("\n      ");
        format!("  {line}\n      {what}")
    };
    let examples: Vec<_> = EXAMPLES.iter().map(example).collect();
    format!(
        "{}\n\nOther users of the lock can see the first 60 bytes of the command line: keep secrets \
         out of them.\n\n{KILLED}\n\nExamples:\n{}",
        run(),
        examples.join("\n")
    )
}

/// Shown below the help of `who`.
pub(crate) fn who() -> String {
    statuses(WHO)
}

/// Shown below the help of every other subcommand.
pub(crate) fn others() -> String {
    statuses(OTHERS)
}

/// Shown below the long help of `list`.
pub(crate) fn list_long() -> String {
    format!(
        "{JSON_INTRO}\n{}\n\n{JSON_HOLDER_INTRO}\n{}\n\n{}",
        table(JSON),
        table(JSON_HOLDER),
        others()
    )
}

fn statuses(entries: Entries) -> String {
    format!("Exit status:\n{}", table(entries))
}

/// The columns of the narrowest usual terminal; clap wraps its own lines, but not under their descriptions.
const WIDTH: usize = 80;

/// A line for each entry, or more if its description is long.
fn table(entries: Entries) -> String {
    let width = entries.iter().map(|(term, _)| term.len()).max().unwrap_or(0);
    let indent = " ".repeat(width + 4);
    let mut text = String::new();
    for (term, description) in entries {
        let is_number = term.parse::<u8>().is_ok();
        let term = if is_number { format!("{term:>width$}") } else { format!("{term:width$}") };
        let lines = wrapped(description, WIDTH - indent.len());
        // Writing to a `String` does not fail.
        let _ = writeln!(text, "  {term}  {}", lines.join(&format!("\n{indent}")));
    }
    text.trim_end().to_owned()
}

/// The lines of `text`, each at most `width` long unless it is one word.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is at least one");
        if line.is_empty() {
            line.push_str(word);
        } else if line.len() + 1 + word.len() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
