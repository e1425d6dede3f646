//! The running command, as a child of this process.

use std::env;
use std::ffi::{CString, OsStr, OsString, c_int};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawnp};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait, waitpid};

/// The running command. Unlike `std::process::Child`, it was started with a given signal mask.
pub(super) struct Child {
    id: Pid,
    status: Option<ExitStatus>,
}

impl Child {
    /// Starts a command, which inherits all descriptors that are not closed on exec.
    pub(super) fn spawn(command: &[OsString], attributes: &PosixSpawnAttr) -> io::Result<Self> {
        let words: Result<Vec<_>, _> = command.iter().map(|word| c_string(word)).collect();
        let words = words?;
        let files = PosixSpawnFileActions::init()?;
        let id = posix_spawnp(&words[0], &files, attributes, &words, &environment()?)?;
        let id = Pid::from_raw(id.as_raw()).expect("a process has a positive id");
        Ok(Self { id, status: None })
    }

    /// Its process id.
    pub(super) fn id(&self) -> u32 {
        self.id.as_raw_nonzero().get().unsigned_abs()
    }

    /// Its status once it has exited. Other children that have exited are reaped, too: the first
    /// process of a container inherits all orphans.
    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((id, status))) if id == self.id => {
                    self.status = Some(ExitStatus::from_raw(status.as_raw()));
                }
                Ok(Some(_)) | Err(Errno::INTR) => {}
                // Without any child, the command has exited before.
                Ok(None) | Err(Errno::CHILD) => return Ok(self.status),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until it has exited.
    pub(super) fn wait(&mut self) {
        while self.status.is_none() {
            match waitpid(Some(self.id), WaitOptions::empty()) {
                Ok(Some((_, status))) => self.status = Some(ExitStatus::from_raw(status.as_raw())),
                Ok(None) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    /// Sends it a signal, unless it is known to have exited.
    pub(super) fn send(&self, signal: c_int) {
        if let (None, Some(signal)) = (self.status, Signal::from_named_raw(signal)) {
            let _ = kill_process(self.id, signal);
        }
    }
}

/// The environment of this process, for one that it starts.
pub(super) fn environment() -> io::Result<Vec<CString>> {
    let variables = env::vars_os().map(|(mut entry, value)| {
        entry.push("=");
        entry.push(value);
        CString::new(entry.into_vec()).map_err(io::Error::from)
    });
    variables.collect()
}

fn c_string(word: &OsStr) -> io::Result<CString> {
    Ok(CString::new(word.as_bytes())?)
}
