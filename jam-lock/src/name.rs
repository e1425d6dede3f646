//! [`LockName`]: what a lock is called.

mod portable;

use std::borrow::Cow;
use std::fmt;

use crate::LockError;

/// The name of a lock, unique in the application.
///
/// Names are best declared with [`lock_names!`](crate::lock_names), which makes a constant for
/// each and has the compiler check every use. [`LockName::new`] is for names that are only known
/// when the program runs. Two names with the same text are the same lock.
///
/// As in Jam.py, the lock `invoice_saved` of the folder `locks` is the file
/// `locks/invoice_saved.lock`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LockName {
    /// Borrowed for a declared name, owned for one that was made when the program ran.
    text: Cow<'static, str>,
}

impl LockName {
    /// Makes a name when the program runs.
    ///
    /// A name is portable as a file name: 1 to 200 bytes, none of `/ \ : * ? " < > |` and no
    /// control character, no dot or space at either end, no Windows device name, and not starting
    /// with `$buildID`, which Jam.py sweeps from its folder. `$` and inner spaces are legal.
    ///
    /// # Errors
    /// [`LockError::Name`] where the name is not portable.
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
            None => Ok(Self { text: Cow::Owned(name) }),
            Some(reason) => Err(LockError::Name { name, reason }),
        }
    }

    /// A name whose portability `lock_names!` has checked.
    pub(crate) const fn declared(name: &'static str) -> Self {
        Self { text: Cow::Borrowed(name) }
    }

    /// Whether the name stands in a `lock_names!`, so that there are only so many of its kind.
    pub(crate) fn is_declared(&self) -> bool {
        matches!(self.text, Cow::Borrowed(_))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LockName({:?})", self.text)
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

    #[test]
    fn a_declared_name_equals_the_same_name_made_at_run_time() {
        assert_eq!(LockName::declared("a"), LockName::new("a").unwrap());
    }
}
