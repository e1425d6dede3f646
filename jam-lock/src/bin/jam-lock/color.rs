//! Whether output has colours.

use clap::{Args, ValueEnum};
use console::Term;

/// When to use colours.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ColorArguments {
    /// Use colours: always, never, or auto
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    #[arg(help = "Use colours: always, never, or auto, on a terminal without NO_COLOR")]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    color: When,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

impl ColorArguments {
    /// Whether standard output has colours.
    pub(crate) fn are_used(self) -> bool {
        match self.color {
            When::Auto => Term::stdout().features().colors_supported(),
            When::Always => true,
            When::Never => false,
        }
    }
}
