//! [`LockName`]: the name of a lock.

pub(crate) mod digest;
mod keys;
mod lock_order;
mod parse;
mod permits;
mod portable;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub(crate) use self::lock_order::in_lock_order;
pub(crate) use self::permits::split_permit;

/// The name of a lock, unique in the application.
///
/// Declare names with [`lock_names!`](crate::lock_names) if possible: it makes a constant for each, and the
/// compiler checks every use. [`LockName::new`] is for names that are only known at run time. Two names
/// with the same text are the same lock.
///
/// As in Jam.py, the lock `invoice_saved` of the folder `locks` is the file
/// `locks/invoice_saved.lock`.
///
/// # Keyed names
/// `"customer_{id}"` in a [`lock_names!`](crate::lock_names) declares one lock for each value of `id`, which
/// may be of any type that implements [`Display`](fmt::Display). Different values are different files, on
/// every file system:
///
/// | `id` | file |
/// |---|---|
/// | `7` | `customer_7.lock` |
/// | `"ann-lee"` | `customer_ann-lee.lock` |
/// | `"Ann Lee"` | `customer_%41nn%20%4cee.lock`: upper case and all but `a-z 0-9 -` is escaped |
/// | `""` | `customer_%0.lock` |
/// | 300 letters | `customer_`, the first of them, `%-` and the SHA-256 of the whole text |
///
/// The file of a keyed name is removed after its last use, by the process that used it last; a second later
/// if several processes took turns. A process that ends within this second, or is killed, leaves it to the
/// next use of the name, or to a [sweep](crate::Locks::sweep). A database has a row for a keyed name, which
/// stays until it is swept.
#[derive(Clone)]
pub struct LockName {
    text: Text,
    declaration: Declaration,
}

/// It is small, because every waiting task has some copies of a name.
#[derive(Clone)]
enum Text {
    /// Of a plain declared name.
    Declared(&'static str),
    /// Of a name that was made at run time.
    Made(Arc<MadeText>),
}

struct MadeText {
    text: String,
    /// The values that fill the placeholders of a keyed name, in their order.
    keys: Vec<String>,
}

/// What is declared about a name.
#[derive(Clone, Copy)]
struct Declaration {
    /// The `lock_names!` that has the name; `None` for a name that was made at run time.
    registry: Option<&'static str>,
    /// The position of the name there.
    position: u32,
    /// How many may hold the lock at once.
    permits: u16,
    /// Which of the permits the name is for, from 1.
    permit: u16,
}

impl Declaration {
    const AT_RUN_TIME: Self = Self { registry: None, position: 0, permits: 1, permit: 1 };

    #[expect(clippy::cast_possible_truncation, reason = "no program declares as many names")]
    const fn new(registry: &'static str, position: usize) -> Self {
        let position = position as u32;
        Self { registry: Some(registry), position, ..Self::AT_RUN_TIME }
    }
}

impl LockName {
    /// A name whose portability `lock_names!` has checked.
    pub(crate) const fn declared(
        name: &'static str,
        registry: &'static str,
        position: usize,
    ) -> Self {
        let declaration = Declaration::new(registry, position);
        Self { text: Text::Declared(name), declaration }
    }

    /// A keyed name: `literals` is the text around the placeholders, one more than there are `keys`.
    pub(crate) fn keyed(
        literals: &[&str],
        registry: &'static str,
        position: usize,
        keys: &[&dyn fmt::Display],
    ) -> Self {
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let text = Text::made(keys::text(literals, &keys), keys);
        Self { text, declaration: Declaration::new(registry, position) }
    }

    /// Whether it has keys, so that there may be any number of names like it.
    pub(crate) fn is_keyed(&self) -> bool {
        !self.keys().is_empty()
    }

    /// Whether it was declared as it is, without placeholders, so that the number of such names is fixed.
    pub(crate) fn is_declared(&self) -> bool {
        matches!(self.text, Text::Declared(_))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.text {
            Text::Declared(text) => text,
            Text::Made(made) => &made.text,
        }
    }

    /// The values that fill the placeholders of a keyed name, in their order.
    fn keys(&self) -> &[String] {
        match &self.text {
            Text::Declared(_) => &[],
            Text::Made(made) => &made.keys,
        }
    }
}

impl Text {
    fn made(text: String, keys: Vec<String>) -> Self {
        Self::Made(Arc::new(MadeText { text, keys }))
    }
}

impl AsRef<str> for LockName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for LockName {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for LockName {}

impl Hash for LockName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialOrd for LockName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for LockName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Display for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LockName({:?})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_name_equals_the_same_name_made_at_run_time() {
        assert_eq!(LockName::declared("a", "names", 0), LockName::new("a").unwrap());
    }

    #[test]
    fn names_are_sorted_by_their_text_wherever_they_were_declared() {
        let mut names = [LockName::declared("b", "names", 0), LockName::declared("a", "names", 1)];
        names.sort();
        assert_eq!(format!("{names:?}"), r#"[LockName("a"), LockName("b")]"#);
    }
}
