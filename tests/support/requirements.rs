//! Programs and rights that a test needs; without them it is skipped.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::Command;

const SKIP_NOTHING: &str = "JAM_LOCK_SKIP_NOTHING";

/// Says why a test is skipped, past the capture of the test harness, so that it is seen.
pub fn skip(why: &str) {
    let text = format!("skipped: {why}\n");
    io::stderr().write_all(text.as_bytes()).expect("standard error can be written to");
}

/// A Python that has `filelock` and Jam.py, which `.ci/run` installs.
pub fn python() -> Option<OsString> {
    from_environment("JAM_LOCK_PYTHON", "a Python with Jam.py and the newest `filelock`")
}

/// The value of `variable`, which `.ci/run` sets. Without it a test is skipped, or fails if
/// `JAM_LOCK_SKIP_NOTHING` is set.
pub fn from_environment(variable: &str, what: &str) -> Option<OsString> {
    let value = env::var_os(variable);
    if value.is_none() {
        may_skip(&format!("{variable} does not name {what}"));
    }
    value
}

/// Says why a test is skipped, or fails if `JAM_LOCK_SKIP_NOTHING` is set.
pub fn may_skip(why: &str) {
    assert!(env::var_os(SKIP_NOTHING).is_none(), "{why}");
    skip(why);
}

/// The same for a right that this machine may not give to anybody; `JAM_LOCK_SKIP_NOTHING=programs`
/// permits that.
pub fn may_skip_without_right(why: &str) {
    match env::var_os(SKIP_NOTHING) {
        Some(value) if value == "programs" => skip(why),
        _ => may_skip(why),
    }
}

/// The words that run the command after them as the first process of a container, with process ids of
/// its own; without the right to do that a test is skipped, as with [`from_environment`].
pub fn container() -> Option<[&'static str; 7]> {
    let words =
        ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"];
    let status = Command::new(words[0]).args(&words[1..]).arg("true").status();
    if !status.is_ok_and(|status| status.success()) {
        may_skip_without_right("process id namespaces cannot be made here");
        return None;
    }
    Some(words)
}
