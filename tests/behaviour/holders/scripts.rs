//! Holders that are scripts, which are known by their own names and not by that of their interpreter.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::holder;
use crate::{folder, lock};
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;

/// A script that holds the lock until its input ends.
const SCRIPT: &str = "exec 9>>x.lock; flock 9; echo held; cat; echo released";

/// The name by which the holder of the lock is known that is started by `words`.
fn program_started_by(folder: &Path, words: &[&str]) -> String {
    let mut command = Command::new(words[0]);
    let child = Child::start(command.args(&words[1..]).current_dir(folder)).after("held");
    let lock = lock(folder, "x");
    wait_until("it is named", || holder(&lock).is_some());
    let program = holder(&lock).and_then(|it| it.program().map(ToOwned::to_owned));
    child.release();
    program.expect("it has a name")
}

#[test]
fn a_script_is_named_and_not_its_interpreter() {
    let folder = folder();
    // Longer than what the kernel keeps of a name.
    let name = "backup-of-all-customers.sh";
    let path = folder.path().join(name);
    fs::write(&path, format!("#!/bin/bash -e\n{SCRIPT}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let path = path.to_str().unwrap();
    for words in [&["sh", name][..], &["bash", "-eu", "--", path], &[path, "-c", "argument"]] {
        assert_eq!(program_started_by(folder.path(), words), name, "{words:?}");
    }
}

#[test]
fn a_shell_without_a_script_is_named_as_such() {
    let folder = folder();
    assert_eq!(program_started_by(folder.path(), &["bash", "-c", SCRIPT, "backup.sh"]), "bash");
}

#[test]
fn a_script_of_python_is_named() {
    let folder = folder();
    let python = "import fcntl, sys
lock = open('x.lock', 'a')
fcntl.flock(lock, fcntl.LOCK_EX)
print('held', flush=True)
sys.stdin.read()
print('released')
";
    fs::write(folder.path().join("job.py"), python).unwrap();
    let words = ["python3", "-u", "job.py"];
    let Ok(_) = Command::new(words[0]).arg("--version").output() else {
        return jam_lock_tests::requirements::may_skip("there is no python3");
    };
    assert_eq!(program_started_by(folder.path(), &words), "job.py");
}

#[test]
fn a_name_is_shown_without_its_control_characters() {
    let folder = folder();
    let name = "back\u{1b}up\n.sh";
    fs::write(folder.path().join(name), SCRIPT).unwrap();
    assert_eq!(program_started_by(folder.path(), &["sh", name]), "back?up?.sh");
    // A name that is no text is shown as far as it is one.
    let folder = crate::folder();
    fs::write(folder.path().join("ok"), SCRIPT).unwrap();
    let script = "printf 'j\\377b' | xargs -I NAME cp ok NAME; rm ok; exec sh ./j*";
    let program = program_started_by(folder.path(), &["bash", "-c", script]);
    assert_eq!(program, "j\u{fffd}b");
}
