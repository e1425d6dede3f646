//! Printing without a panic when the reader closes the pipe.

use std::fmt::Display;
use std::io::{self, Write};

/// Prints `text` as it is.
pub(crate) fn print(text: impl Display) -> io::Result<()> {
    let mut output = io::stdout().lock();
    write!(output, "{text}")?;
    output.flush()
}

/// Prints a message to standard error; if that is closed, nobody reads it.
pub(crate) fn say(sentence: impl Display) {
    let sentence = sentence.to_string();
    let lines: Vec<_> = sentence.lines().map(plain).collect();
    let _ = writeln!(io::stderr(), "jam-lock: {}", lines.join("\n"));
}

/// A text of foreign origin without control characters, which could move the cursor.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
