//! How each subcommand is called, with the values of its options, which `clap_mangen` leaves out.

use clap::{Arg, Command};
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use super::without_preamble;

/// The section with a line for each subcommand of `command`.
pub(super) fn section(command: &Command) -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    for subcommand in command.get_subcommands() {
        roff.control("PP", []).text(words(subcommand));
    }
    without_preamble(&roff.render())
}

/// The line of one subcommand.
pub(super) fn line(subcommand: &Command) -> String {
    let mut roff = Roff::new();
    // What is before the first macro is the preamble.
    roff.control("SS", [subcommand.get_name()]).text(words(subcommand));
    let text = without_preamble(&roff.render());
    text.split_once('\n').map(|(_, line)| line.to_owned()).unwrap_or_default()
}

fn words(subcommand: &Command) -> Vec<Inline> {
    let mut words = vec![bold(format!("jam-lock {}", subcommand.get_name()))];
    let shown = subcommand.get_arguments().filter(|argument| !argument.is_hide_set());
    let (operands, options): (Vec<_>, Vec<_>) =
        shown.partition(|argument| argument.is_positional());
    for argument in options.into_iter().filter(|argument| argument.get_id() != "help") {
        words.push(roman(" ["));
        words.extend(option(argument));
        words.push(roman("]"));
    }
    for argument in operands {
        words.push(roman(if argument.is_trailing_var_arg_set() { " [--] " } else { " " }));
        words.push(italic(value(argument)));
        if argument.is_trailing_var_arg_set() {
            words.push(roman(" ..."));
        }
    }
    words
}

/// An option by its short name if it has one, with its value.
fn option(argument: &Arg) -> Vec<Inline> {
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let names: Vec<_> = [short, long].into_iter().flatten().collect();
    let mut words = vec![bold(names.join("|"))];
    if argument.get_action().takes_values() {
        words.extend([roman(" "), italic(value(argument))]);
    }
    words
}

/// The name of its value.
fn value(argument: &Arg) -> String {
    let names = argument.get_value_names().unwrap_or_default();
    names.first().map_or_else(|| argument.get_id().to_string(), ToString::to_string)
}
