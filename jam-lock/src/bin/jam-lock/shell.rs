//! `completions` and `man`: what a shell and a person want to know of this command.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::arguments::Arguments;
use super::ending::Trouble;

/// Prints the completions for `shell`.
pub(crate) fn completions(shell: Shell) -> Result<(), Trouble> {
    // It would panic where nobody reads.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "jam-lock", &mut text);
    Ok(io::stdout().write_all(&text)?)
}

/// Prints the manual page, with all subcommands one after the other.
pub(crate) fn manual() -> Result<(), Trouble> {
    let mut text = Vec::new();
    let mut command = Arguments::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    for subcommand in command.get_subcommands() {
        clap_mangen::Man::new(subcommand.clone()).render(&mut text)?;
    }
    Ok(io::stdout().write_all(&text)?)
}
