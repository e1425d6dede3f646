//! Names made at run time, whose portability is checked there and then.

use std::str::FromStr;

use super::{Declaration, LockName, Text, portable};
use crate::error::LockError;

impl LockName {
    /// Makes a name at run time.
    ///
    /// A name must be portable as a file name: 1 to 200 bytes, none of `/ \ : * ? " < > |` and no
    /// control character, no dot or space at either end, no Windows device name, and not starting with
    /// `$buildID`, because Jam.py deletes such files from its folder. `$` and inner spaces are allowed.
    ///
    /// # Errors
    /// [`LockError::Name`] if the name is not portable.
    ///
    /// # Example
    /// ```
    /// use jam_lock::LockName;
    ///
    /// assert_eq!(LockName::new("report 2026")?.as_str(), "report 2026");
    /// assert!(LockName::new("../etc/passwd").is_err());
    /// # Ok::<(), jam_lock::LockError>(())
    /// ```
    pub fn new(name: impl Into<String>) -> Result<Self, LockError> {
        let name = name.into();
        match portable::objection(&name) {
            None => {
                let text = Text::made(name, Vec::new());
                Ok(Self { text, declaration: Declaration::AT_RUN_TIME })
            }
            Some(reason) => Err(LockError::Name { name, reason }),
        }
    }
}

impl FromStr for LockName {
    type Err = LockError;

    fn from_str(name: &str) -> Result<Self, LockError> {
        Self::new(name)
    }
}

impl TryFrom<&str> for LockName {
    type Error = LockError;

    fn try_from(name: &str) -> Result<Self, LockError> {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_jam_py_and_people_use_are_portable() {
        for name in ["invoice_saved", "$copying database", "a.b", "zápis", "COM", "COM10", "0"] {
            assert_eq!(LockName::new(name).expect(name).as_str(), name);
        }
        assert!(LockName::new("x".repeat(200)).is_ok());
    }

    #[test]
    fn names_that_some_platform_refuses_are_not_portable() {
        let refused = [
            "",
            " ",
            ".",
            "..",
            "../up",
            "a/b",
            r"a\b",
            "a:b",
            "a*b",
            "a?b",
            "a\"b",
            "a<b",
            "a>b",
            "a|b",
            "nul\0",
            "line\n",
            ".hidden",
            "end.",
            " a",
            "a ",
            "CON",
            "nul.txt",
            "Com1",
            "LPT9.a",
            "COM¹",
            "aux .x",
            "$buildID7",
        ];
        for name in refused {
            assert!(matches!(LockName::new(name), Err(LockError::Name { .. })), "{name:?}");
        }
        assert!(LockName::new("x".repeat(201)).is_err());
    }
}
