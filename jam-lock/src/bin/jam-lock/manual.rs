//! `man`: the manual, as one page about all subcommands.

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::arguments::Arguments;
use super::ending::Trouble;
use super::{help, output};

/// What all subcommands have, which is told once.
const COMMON: [&str; 2] = ["locks", "help"];

/// What a section begins with, behind the end of a line.
const HEADING: &str = "\n.S";

/// Prints it.
pub(crate) fn manual() -> Result<(), Trouble> {
    Ok(output::print(page()?)?)
}

fn page() -> io::Result<String> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let about = Man::new(command.clone());
    let mut text = written(|text| about.render_title(text))?;
    text += &section(|text| about.render_name_section(text))?;
    text += &section(|text| about.render_synopsis_section(text))?;
    text += &section(|text| about.render_description_section(text))?;
    text += &section(|text| about.render_options_section(text))?;
    text += ".SH COMMANDS\n";
    for subcommand in command.get_subcommands() {
        text += &about_one(subcommand)?;
    }
    text += &further();
    text += &section(|text| about.render_version_section(text))?;
    Ok(text)
}

/// What is told of a subcommand, below a heading of its own.
fn about_one(subcommand: &Command) -> io::Result<String> {
    let name = subcommand.get_name();
    let alone = subcommand.clone().mut_args(|argument| {
        let is_common = COMMON.contains(&argument.get_id().as_str());
        if is_common { argument.hide(true) } else { argument }
    });
    let has_arguments = alone.get_arguments().any(|argument| !argument.is_hide_set());
    let man = Man::new(alone);
    let mut text = format!(".SS {name}\n");
    text += &body(|text| man.render_synopsis_section(text))?;
    text += ".PP\n";
    text += &body(|text| man.render_description_section(text))?;
    if has_arguments {
        text += &body(|text| man.render_options_section(text))?;
    }
    Ok(text)
}

/// What only a manual has a place for.
fn further() -> String {
    let mut roff = Roff::new();
    roff.control("SS", ["What list --json prints"]);
    paragraph(&mut roff, help::ABOVE_JSON);
    list(&mut roff, help::JSON);
    paragraph(&mut roff, help::ABOVE_JSON_HOLDER);
    list(&mut roff, help::JSON_HOLDER);
    roff.control("SH", ["EXIT STATUS"]);
    for (above, entries) in [
        (help::ABOVE_RUN, help::RUN),
        ("The status of who is", help::WHO),
        ("The status of all others is", help::OTHERS),
    ] {
        paragraph(&mut roff, above);
        list(&mut roff, entries);
    }
    for (title, entries) in
        [("ENVIRONMENT", help::ENVIRONMENT), ("FILES", help::FILES), ("EXAMPLES", help::EXAMPLES)]
    {
        roff.control("SH", [title]);
        list(&mut roff, entries);
    }
    rest(&roff.render())
}

fn paragraph(roff: &mut Roff, text: &str) {
    roff.control("PP", []).text([roman(text)]);
}

fn list(roff: &mut Roff, entries: help::Entries) {
    for (what, meaning) in entries {
        roff.control("TP", []).text([bold(*what)]).text([roman(*meaning)]);
    }
}

/// What `render` writes, with what the page begins with.
fn written(render: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<String> {
    let mut text = Vec::new();
    render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The section that `render` writes.
fn section(render: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<String> {
    written(render).map(|text| rest(&text))
}

/// The section that `render` writes, without its heading.
fn body(render: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<String> {
    let section = section(render)?;
    Ok(section.split_once('\n').map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// What stands below the lines by which every text begins, and a page only once.
fn rest(text: &str) -> String {
    let heading = text.find(HEADING).map_or(0, |end| end + 1);
    text[heading..].to_owned()
}
