//! A pseudo terminal, in which the command runs.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{self, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread;

use jam_lock_tests::observe::wait_until;
use rustix::pty::{OpenptFlags, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// A terminal, and the command that runs in it.
pub(crate) struct Terminal {
    keyboard: File,
    slave: OwnedFd,
    screen: Arc<Mutex<String>>,
    process: process::Child,
}

impl Terminal {
    /// The command with these arguments, in a session of its own.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let command = [env!("CARGO_BIN_EXE_command"), "--locks", folder.to_str().unwrap()];
        Self::with(&[&command, arguments].concat())
    }

    /// A program with its arguments, in a session of its own.
    pub(crate) fn with(program: &[&str]) -> Self {
        Self::of_width(100, program)
    }

    /// The same, with so many columns.
    pub(crate) fn of_width(columns: u16, program: &[&str]) -> Self {
        Self::of_size(20, columns, program)
    }

    /// The same, with so many rows and columns.
    pub(crate) fn of_size(rows: u16, columns: u16, program: &[&str]) -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let path = Path::new(std::ffi::OsStr::from_bytes(name.to_bytes()));
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).unwrap();
        let slave = File::options().read(true).write(true).open(path).unwrap();
        let stdio = || slave.try_clone().unwrap();
        let mut command = Command::new("setsid");
        command
            .args(["--ctty", "env", "--default-signal"])
            .args(program)
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio());
        let process = command.spawn().unwrap();
        let (keyboard, screen) = (File::from(master), Arc::new(Mutex::new(String::new())));
        let (mut shown, written) = (keyboard.try_clone().unwrap(), Arc::clone(&screen));
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = shown.read(&mut piece) {
                written.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..length]));
            }
        });
        Self { keyboard, slave: slave.into(), screen, process }
    }

    pub(crate) fn press(&mut self, key: &str) {
        self.keyboard.write_all(key.as_bytes()).unwrap();
    }

    /// All that was written so far.
    pub(crate) fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// The lines of the picture that was drawn last as a whole, without control sequences.
    pub(crate) fn picture(&self) -> Vec<String> {
        let screen = self.screen();
        let pictures: Vec<_> = screen.split("\x1b[H").collect();
        // The last one may be in the middle of being drawn.
        let [.., last, _] = &pictures[..] else { return Vec::new() };
        let lines = last.split('\n').map(|line| console::strip_ansi_codes(line));
        lines.map(|line| line.trim_end_matches('\r').to_owned()).collect()
    }

    pub(crate) fn shows(&self, text: &str) {
        wait_until(&format!("{text:?} is shown"), || self.screen().contains(text));
    }

    pub(crate) fn end(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// Whether it echoes its input, and passes it on line by line.
    pub(crate) fn is_restored(&self) -> bool {
        tcgetattr(&self.slave).unwrap().local_modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
