//! Facts about this process, looked up once, that are recorded for other processes.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::process;
use std::str;
use std::sync::Arc;

use crate::per_process::PerProcess;
use crate::script;

/// Facts about this process; `None` if a fact is unavailable.
#[derive(Debug)]
pub(crate) struct ThisProcess {
    pub(crate) id: u32,
    /// When it started, in clock ticks since boot: process ids are reused.
    pub(crate) started: Option<u64>,
    /// Identifies the boot of the machine, since which `started` counts.
    pub(crate) boot: Option<String>,
    pub(crate) program: Option<String>,
    pub(crate) host: Option<String>,
}

static THIS: PerProcess<Arc<ThisProcess>> = PerProcess::new();

impl ThisProcess {
    /// The facts about this process.
    pub(crate) fn get() -> Arc<Self> {
        Arc::clone(THIS.get())
    }
}

impl Default for ThisProcess {
    fn default() -> Self {
        Self {
            id: process::id(),
            started: start_time("self"),
            boot: boot(),
            program: program(),
            host: host(),
        }
    }
}

/// The file name of the program, or of the script if this is the interpreter of one.
fn program() -> Option<String> {
    let path = env::current_exe().ok()?;
    let program = path.file_name().and_then(OsStr::to_str)?;
    // A script is one of the first.
    let arguments: Vec<_> = env::args_os().take(16).collect();
    let arguments: Vec<_> = arguments.iter().map(|it| it.to_str().unwrap_or_default()).collect();
    Some(script::name(program, &arguments).unwrap_or(program).to_owned())
}

/// When a process of this pid namespace started, from proc(5).
pub(crate) fn start_time(process: &str) -> Option<u64> {
    stat_field(&format!("/proc/{process}/stat"), 19)
}

/// A number in the file `stat` of a process or a thread, counted from its state.
pub(crate) fn stat_field(path: &str, position: usize) -> Option<u64> {
    /// Longer than the file, which the kernel returns with one call.
    const LENGTH: usize = 1024;
    let mut stat = [0; LENGTH];
    let length = File::open(path).ok()?.read(&mut stat).ok()?;
    let stat = &stat[..length];
    // The second field is the program, in parentheses, and may contain any byte.
    let end = stat.windows(2).rposition(|end| end == b") ")?;
    let fields = str::from_utf8(&stat[end + 2..]).ok()?;
    fields.split(' ').nth(position)?.parse().ok()
}

/// The first digits of the random id that Linux chooses at each boot.
fn boot() -> Option<String> {
    /// Enough to distinguish machines, and the boots of one.
    const DIGITS: usize = 8;
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    id.get(..DIGITS).filter(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit())).map(Into::into)
}

fn host() -> Option<String> {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = host.or_else(|| env::var("COMPUTERNAME").ok()).or_else(|| env::var("HOSTNAME").ok());
    host.map(|host| host.trim().to_owned()).filter(|host| !host.is_empty())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_have_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stat");
        // The kernel cuts a long name off, perhaps within a character.
        fs::write(&path, b"7 (a) 8 \xc3) S 1 7 9 0\n").unwrap();
        let path = path.to_str().unwrap();
        assert_eq!([1, 2, 3].map(|at| stat_field(path, at)), [Some(1), Some(7), Some(9)]);
    }

    #[test]
    fn linux_knows_all_of_it() {
        let here = ThisProcess::get();
        assert_eq!(here.id, process::id());
        assert_eq!(here.started, start_time(&here.id.to_string()));
        assert!(here.started.is_some() && here.boot.is_some() && here.host.is_some());
        assert!(here.program.as_ref().unwrap().starts_with("jam_lock"));
    }
}
