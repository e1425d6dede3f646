//! `man`: the manual, one page for all subcommands.

mod synopsis;

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::arguments::Arguments;
use super::error::Error;
use super::exit::Exit;
use super::{help, output};

/// The options of every subcommand, which are described once.
const COMMON: [&str; 2] = ["locks", "help"];

/// How a section begins, after the end of a line.
const HEADING: &str = "\n.S";

/// Prints the manual page.
pub(crate) fn manual() -> Result<Exit, Error> {
    output::print(page()?)?;
    Ok(Exit::SUCCESS)
}

fn page() -> io::Result<String> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let about = Man::new(command.clone());
    let mut text = written(|text| about.render_title(text))?;
    text += &section(|text| about.render_name_section(text))?;
    text += &synopsis::section(&command);
    text += &section(|text| about.render_description_section(text))?;
    text += &section(|text| about.render_options_section(text))?;
    text += ".SH COMMANDS\n";
    for subcommand in command.get_subcommands() {
        text += &subcommand_section(subcommand)?;
    }
    text += &reference();
    text += &section(|text| about.render_version_section(text))?;
    Ok(text)
}

/// A subcommand, below a heading of its own.
fn subcommand_section(subcommand: &Command) -> io::Result<String> {
    let name = subcommand.get_name();
    let alone = subcommand.clone().mut_args(|argument| {
        let is_common = COMMON.contains(&argument.get_id().as_str());
        if is_common { argument.hide(true) } else { argument }
    });
    let has_arguments = alone.get_arguments().any(|argument| !argument.is_hide_set());
    let man = Man::new(alone.clone());
    let mut text = format!(".SS {name}\n");
    text += &synopsis::line(&alone);
    text += ".PP\n";
    text += &body(|text| man.render_description_section(text))?;
    if has_arguments {
        text += &body(|text| man.render_options_section(text))?;
    }
    Ok(text)
}

/// The sections that clap cannot generate: JSON, exit statuses, environment, files and examples.
fn reference() -> String {
    let mut roff = Roff::new();
    roff.control("SS", ["The output of list --json"]);
    paragraph(&mut roff, help::JSON_INTRO);
    list(&mut roff, help::JSON);
    paragraph(&mut roff, help::JSON_HOLDER_INTRO);
    list(&mut roff, help::JSON_HOLDER);
    roff.control("SH", ["EXIT STATUS"]);
    for (intro, entries) in [
        (help::RUN_INTRO, help::RUN),
        ("The exit status of who is:", help::WHO),
        ("The exit status of every other subcommand is:", help::OTHERS),
    ] {
        paragraph(&mut roff, intro);
        list(&mut roff, entries);
    }
    roff.control("SH", ["NOTES"]);
    paragraph(&mut roff, help::KILLED);
    for (title, entries) in
        [("ENVIRONMENT", help::ENVIRONMENT), ("FILES", help::FILES), ("EXAMPLES", help::EXAMPLES)]
    {
        roff.control("SH", [title]);
        list(&mut roff, entries);
    }
    without_preamble(&roff.render())
}

fn paragraph(roff: &mut Roff, text: &str) {
    roff.control("PP", []).text([roman(text)]);
}

fn list(roff: &mut Roff, entries: help::Entries) {
    for (what, meaning) in entries {
        roff.control("TP", []).text([bold(*what)]).text([roman(*meaning)]);
    }
}

/// The output of `render`, with the preamble of a page.
fn written(render: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<String> {
    let mut text = Vec::new();
    render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The section that `render` writes.
fn section(render: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<String> {
    written(render).map(|text| without_preamble(&text))
}

/// The section that `render` writes, without its heading.
fn body(render: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<String> {
    let section = section(render)?;
    Ok(section.split_once('\n').map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// The text without its preamble, which a page needs only once.
fn without_preamble(text: &str) -> String {
    let heading = text.find(HEADING).map_or(0, |end| end + 1);
    text[heading..].to_owned()
}
