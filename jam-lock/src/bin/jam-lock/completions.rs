//! `completions`: the completion script for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use super::arguments::Arguments;
use super::error::Error;
use super::exit::Exit;
use super::output;

/// Prints the completions for `shell`.
pub(crate) fn completions(shell: Shell) -> Result<Exit, Error> {
    // Generated into memory first: `generate` panics when its output is closed.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "jam-lock", &mut text);
    output::print(repaired(shell, &String::from_utf8_lossy(&text)))?;
    Ok(Exit::SUCCESS)
}

/// The script with one repair: since `clap_complete` 4.6, bash scripts spell a command with a
/// hyphen in two ways, and so complete nothing after a subcommand. Remove this once it is fixed
/// there.
fn repaired(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => script.replace("jam__subcmd__lock", "jam__lock"),
        _ => script.to_owned(),
    }
}
