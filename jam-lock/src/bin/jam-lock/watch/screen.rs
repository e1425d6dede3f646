//! The second screen of a terminal, which leaves the first as it was.

use std::io::{self, IsTerminal, Write};

use console::{Term, truncate_str};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// To the second screen, without a cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";

/// Back from there.
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// The second screen; dropping it gives back the first, and its keyboard.
pub(super) struct Screen {
    terminal: Term,
    before: Termios,
}

impl Screen {
    /// Whether there is a terminal to show it, with a keyboard.
    pub(super) fn is_there() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Shows it, and has keys arrive one by one, unseen. Ctrl-C and Ctrl-Z stay signals.
    pub(super) fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut keys = before.clone();
        keys.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        let screen = Self { terminal: Term::stdout(), before };
        tcsetattr(io::stdin(), OptionalActions::Now, &keys)?;
        write(ENTER)?;
        Ok(screen)
    }

    /// How many lines there is room for, and how wide they may be.
    pub(super) fn size(&self) -> (usize, usize) {
        let (height, width) = self.terminal.size();
        (height.into(), width.into())
    }

    /// Draws `lines`, as many as there is room for, each as far as there is.
    pub(super) fn show(&self, lines: &[String]) -> io::Result<()> {
        let (height, width) = self.size();
        let lines = lines.iter().take(height);
        let lines: Vec<_> = lines.map(|line| truncate_str(line, width, "…")).collect();
        // Each line clears what was behind it, so that nothing flickers.
        write(&format!("\x1b[H{}\x1b[K\x1b[J", lines.join("\x1b[K\r\n")))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = write(LEAVE);
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}
