//! The alternate screen of a terminal.

use std::io::{self, IsTerminal, Write};

use console::{Term, truncate_str};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Switches to the alternate screen, without a cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";

/// Switches back.
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// The alternate screen; dropping it restores the main screen and the keyboard.
pub(super) struct Screen {
    terminal: Term,
    before: Termios,
}

impl Screen {
    /// Whether there is a terminal, with a keyboard.
    pub(super) fn is_available() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Switches to it, with unbuffered keys and no echo. Ctrl-C and Ctrl-Z stay signals.
    pub(super) fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut keys = before.clone();
        keys.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        let screen = Self { terminal: Term::stdout(), before };
        tcsetattr(io::stdin(), OptionalActions::Now, &keys)?;
        write(ENTER)?;
        Ok(screen)
    }

    /// The height and the width, in characters.
    pub(super) fn size(&self) -> (usize, usize) {
        let (height, width) = self.terminal.size();
        (height.into(), width.into())
    }

    /// Draws as much of `lines` as fits.
    pub(super) fn show(&self, lines: &[String]) -> io::Result<()> {
        let (height, width) = self.size();
        let lines = lines.iter().take(height);
        let lines: Vec<_> = lines.map(|line| truncate_str(line, width, "…")).collect();
        // Each line clears only the rest of its own row, so that nothing flickers.
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
