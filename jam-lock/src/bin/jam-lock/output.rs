//! What is printed, so that nobody who stops reading ends the process by a panic.

use std::fmt::Display;
use std::io::{self, Write};

/// Prints `text` as it is.
pub(crate) fn print(text: impl Display) -> io::Result<()> {
    let mut output = io::stdout().lock();
    write!(output, "{text}")?;
    output.flush()
}

/// Says a sentence, or several lines, to the person at the terminal, if there is one.
pub(crate) fn say(sentence: impl Display) {
    let sentence = sentence.to_string();
    let lines: Vec<_> = sentence.lines().map(plain).collect();
    let _ = writeln!(io::stderr(), "jam-lock: {}", lines.join("\n"));
}

/// A text that others have made, without what would move the cursor.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
