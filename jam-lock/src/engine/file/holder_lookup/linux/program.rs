//! The name by which people know the program of a process, by proc(5).

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::script;

/// How much of the arguments is read; a script is one of the first.
const MAX_ARGUMENTS: u64 = 4096;

/// How much of a name the kernel keeps in `comm`.
const MAX_COMM: usize = 15;

/// The name of the program that `process` runs, or of the script that an interpreter runs there.
pub(super) fn program(process: u32) -> Option<String> {
    let folder = Path::new("/proc").join(process.to_string());
    let path = fs::read_link(folder.join("exe")).ok();
    let name = path.and_then(|path| Some(path.file_name()?.to_str()?.to_owned()));
    let name = name.map(|name| name.trim_end_matches(" (deleted)").to_owned());
    let comm = fs::read(folder.join("comm")).ok();
    let comm = comm.map(|comm| String::from_utf8_lossy(&comm).trim_end_matches('\n').to_owned());
    // Another user's process shows only `comm`, which is cut off.
    let program = name.as_ref().or(comm.as_ref())?;
    let arguments = arguments(&folder);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let script = started_as(program, comm.as_deref(), &arguments);
    let shown = script.or_else(|| script::name(program, &arguments)).unwrap_or(program);
    Some(shown.replace(char::is_control, "?"))
}

/// The script that was started as a program of its own, by its first line `#!…`: only then does the kernel
/// name the process after an argument, and not after `program`.
fn started_as<'a>(program: &str, comm: Option<&str>, arguments: &[&'a str]) -> Option<&'a str> {
    let comm = comm.filter(|comm| !program.starts_with(comm))?;
    let mut names =
        arguments.iter().copied().skip(1).filter_map(|it| Path::new(it).file_name()?.to_str());
    let is_it = |name: &str| name == comm || (comm.len() == MAX_COMM && name.starts_with(comm));
    names.find(|name| is_it(name))
}

/// The first arguments of a process; one that is cut off is left out.
fn arguments(folder: &Path) -> Vec<String> {
    let mut line = Vec::new();
    let file = File::open(folder.join("cmdline"));
    let _ = file.and_then(|file| file.take(MAX_ARGUMENTS).read_to_end(&mut line));
    // Each ends with a zero.
    let complete = line.iter().rposition(|byte| *byte == 0).unwrap_or(0);
    let arguments = line[..complete].split(|byte| *byte == 0);
    arguments.map(|argument| String::from_utf8_lossy(argument).into_owned()).collect()
}
