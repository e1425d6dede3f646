//! `completions`: what a shell wants to know of this command.

use clap::CommandFactory;
use clap_complete::Shell;

use super::arguments::Arguments;
use super::ending::Trouble;
use super::output;

/// Prints the completions for `shell`.
pub(crate) fn completions(shell: Shell) -> Result<(), Trouble> {
    // It would panic where nobody reads.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "jam-lock", &mut text);
    Ok(output::print(mended(shell, &String::from_utf8_lossy(&text)))?)
}

/// The script as it works: since `clap_complete` 4.6 that of bash knows a command with a hyphen by
/// two names, and so offers nothing behind a subcommand. To be removed when that is mended there.
fn mended(shell: Shell, script: &str) -> String {
    let is_broken = matches!(shell, Shell::Bash);
    if is_broken { script.replace("jam__subcmd__lock", "jam__lock") } else { script.to_owned() }
}
