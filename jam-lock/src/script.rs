//! The script that an interpreter runs, as its arguments show: `sh backup.sh` is known as `backup.sh`.

use std::path::Path;

/// Interpreters whose options are understood.
struct Interpreter {
    /// How their names begin; a version may follow.
    names: &'static [&'static str],
    /// Options with a program instead of a script.
    code: &'static str,
    /// Options with a value, which may be the next argument.
    values: &'static str,
    /// The option for the name of a module instead of a script.
    module: Option<char>,
}

const INTERPRETERS: [Interpreter; 5] = [
    Interpreter {
        names: &["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"],
        code: "cs",
        values: "oO",
        module: None,
    },
    Interpreter { names: &["python", "pypy"], code: "c", values: "WX", module: Some('m') },
    Interpreter { names: &["perl"], code: "eE", values: "I", module: None },
    Interpreter { names: &["ruby"], code: "e", values: "CEIr", module: None },
    // Only without options.
    Interpreter {
        names: &["node", "php", "lua", "tclsh", "guile"],
        code: "",
        values: "",
        module: None,
    },
];

/// The name of the script that `program` runs with these `arguments`, of which the first is its own name.
///
/// Only options that are certain to be understood are passed over.
pub(crate) fn name<'a>(program: &str, arguments: &[&'a str]) -> Option<&'a str> {
    let mut arguments = arguments.iter().copied();
    let own = arguments.next()?;
    // It is many programs in one, which it tells apart by their names.
    let program = if program == "busybox" { file_name(own)? } else { program };
    let interpreter = INTERPRETERS.iter().find(|it| it.is(program))?;
    loop {
        let argument = arguments.next()?;
        let Some(letters) = argument.strip_prefix('-') else { return file_name(argument) };
        if letters == "-" {
            return file_name(arguments.next()?);
        }
        if letters.is_empty() || interpreter.code.is_empty() {
            return None;
        }
        for (position, letter) in letters.char_indices() {
            let is_last = position + letter.len_utf8() == letters.len();
            if !letter.is_ascii_alphabetic() || interpreter.code.contains(letter) {
                return None;
            }
            if interpreter.module == Some(letter) {
                return is_last.then(|| arguments.next()).flatten();
            }
            if interpreter.values.contains(letter) {
                if is_last {
                    arguments.next()?;
                }
                break;
            }
        }
    }
}

fn file_name(path: &str) -> Option<&str> {
    Path::new(path).file_name()?.to_str()
}

impl Interpreter {
    fn is(&self, program: &str) -> bool {
        let is_version = |rest: &str| rest.bytes().all(|it| it.is_ascii_digit() || it == b'.');
        self.names.iter().any(|name| program.strip_prefix(name).is_some_and(is_version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(line: &str) -> Option<&str> {
        let arguments: Vec<_> = line.split(' ').collect();
        name(file_name(arguments[0])?, &arguments)
    }

    #[test]
    fn a_script_is_the_first_argument_behind_the_options() {
        for (line, script) in [
            ("sh backup.sh", "backup.sh"),
            ("/bin/sh /srv/jobs/backup.sh -c", "backup.sh"),
            ("bash -eu -o pipefail ./backup.sh", "backup.sh"),
            ("bash -eopipefail backup.sh", "backup.sh"),
            ("bash -- backup.sh", "backup.sh"),
            ("python3.11 -u -W ignore job.py", "job.py"),
            ("python3 -Wignore job.py", "job.py"),
            ("python3 -um jobs.nightly", "jobs.nightly"),
            ("perl -w -I lib job.pl", "job.pl"),
            ("node server.js", "server.js"),
        ] {
            assert_eq!(name_of(line), Some(script), "{line}");
        }
    }

    #[test]
    fn what_runs_no_script_has_no_other_name() {
        for line in [
            "sh",
            "sh -",
            "sh -c backup.sh",
            "bash -lc backup.sh",
            "bash -s backup.sh",
            "bash --rcfile x backup.sh",
            "python3 -c pass job.py",
            "python3 -m",
            "perl -we 1 job.pl",
            "node --require x server.js",
            "shutdown now",
            "flock x.lock backup.sh",
            "sh ..",
        ] {
            assert_eq!(name_of(line), None, "{line}");
        }
    }

    #[test]
    fn busybox_is_a_shell_by_the_name_of_one() {
        assert_eq!(name("busybox", &["sh", "backup.sh"]), Some("backup.sh"));
        assert_eq!(name("busybox", &["flock", "x.lock"]), None);
    }
}
