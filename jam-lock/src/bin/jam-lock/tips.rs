//! Tips for command lines that are written as for another command.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Options of flock(1) and others, and what they are called here.
const OPTIONS: [(&str, &[&str]); 7] = [
    ("--timeout", &["--wait", "-w", "--timeout-secs"]),
    ("--timeout 0", &["--nonblock", "--nb", "-n", "--no-wait", "--try", "--once"]),
    ("--locks", &["--dir", "--folder", "--lock-dir", "--path", "--url"]),
    (
        "--at-most-every",
        &["--every", "--once-every", "--period", "--interval", "--at-most-once-every"],
    ),
    ("--permits", &["--max", "--limit", "--count", "--slots", "--jobs", "-j", "--parallel"]),
    ("--skip", &["--or-else", "--skip-if-locked", "--ok-if-locked"]),
    ("--exit-code", &["--conflict-exit-code", "-E"]),
];

/// What people write for a subcommand.
const SUBCOMMANDS: [(&str, &[&str]); 4] = [
    ("who", &["status", "holder", "show", "info"]),
    ("list", &["ls", "ps", "locks", "all"]),
    ("watch", &["top", "monitor"]),
    ("sweep", &["clean", "gc", "prune"]),
];

/// Adds what was probably meant to an error of the command line.
pub(crate) fn with_tip(mut error: Error) -> Error {
    let invalid = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let option = invalid(ContextKind::InvalidArg).and_then(|word| meant(&OPTIONS, &word));
            if let Some(option) = option {
                error.insert(ContextKind::SuggestedArg, ContextValue::String(option));
                // It would be to write `--`, which hides the option from this command.
                error.insert(ContextKind::Suggested, ContextValue::None);
            }
        }
        ErrorKind::InvalidSubcommand => {
            let Some(word) = invalid(ContextKind::InvalidSubcommand) else { return error };
            if let Some(subcommand) = meant(&SUBCOMMANDS, &word) {
                let subcommand = ContextValue::String(subcommand);
                error.insert(ContextKind::SuggestedSubcommand, subcommand);
            } else if error.get(ContextKind::SuggestedSubcommand).is_none() {
                tip(&mut error, format!("to use lock `{word}`: jam-lock run {word} -- COMMAND"));
            }
        }
        ErrorKind::ValueValidation
            if invalid(ContextKind::InvalidArg).as_deref() == Some("<NAME>")
                && invalid(ContextKind::InvalidValue).is_some_and(|name| name.contains('/')) =>
        {
            let form = "the name of the lock comes first: jam-lock run NAME -- COMMAND";
            tip(&mut error, form.to_owned());
        }
        _ => {}
    }
    error
}

/// The word of `table` that is meant by `word`.
fn meant(table: &[(&str, &[&str])], word: &str) -> Option<String> {
    let (meant, _) = table.iter().find(|(_, words)| words.contains(&word))?;
    Some((*meant).to_owned())
}

fn tip(error: &mut Error, text: String) {
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![text.into()]));
}
