//! What is printed, so that nobody who stops reading ends the process by a panic.

use std::fmt::Display;
use std::io::{self, Write};

/// Prints `text` as it is.
pub(crate) fn print(text: impl Display) -> io::Result<()> {
    let mut output = io::stdout().lock();
    write!(output, "{text}")?;
    output.flush()
}

/// Says a sentence to the person at the terminal, if there is one.
pub(crate) fn say(sentence: impl Display) {
    let _ = writeln!(io::stderr(), "jam-lock: {sentence}");
}
