//! [`Site`]: the place in the source where a lock is acquired.

use std::fmt;
use std::panic::Location;

/// The place in the source where a lock is acquired, or the lock's [label](crate::Lock::label).
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// `None` if the lock has a label.
    location: Option<&'static Location<'static>>,
    /// A path that ends in the function's name, or in a closure inside it; or the label.
    function: Option<&'static str>,
}

impl Site {
    /// The caller's location, in an unknown function.
    #[track_caller]
    pub(crate) const fn here() -> Self {
        Self { location: Some(Location::caller()), function: None }
    }

    /// No location; `label` says what the lock is held for.
    pub(crate) const fn labelled(label: &'static str) -> Self {
        Self { location: None, function: Some(label) }
    }

    /// The same location, in the function that `path` names.
    pub(crate) const fn in_function(self, path: &'static str) -> Self {
        Self { function: Some(path), ..self }
    }

    /// The name of the function, without its modules and types, if `#[locked]` or `locked!` acquires
    /// the lock; or the lock's [label](crate::Lock::label).
    #[must_use]
    pub fn function(&self) -> Option<&'static str> {
        // A label may have colons, but is not a path.
        if self.location.is_some() { self.function.map(last_name) } else { self.function }
    }

    /// The source file, as it was passed to the compiler; `None` if the lock has a
    /// [label](crate::Lock::label).
    #[must_use]
    pub fn file(&self) -> Option<&'static str> {
        self.location.map(Location::file)
    }

    /// The line in that file, from 1; `None` if the lock has a [label](crate::Lock::label).
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        self.location.map(Location::line)
    }
}

impl PartialEq for Site {
    fn eq(&self, other: &Self) -> bool {
        let is_same_location = match (self.location, other.location) {
            // Most sites are compared with themselves.
            (Some(one), Some(other)) => std::ptr::eq(one, other) || one == other,
            (one, other) => one.is_none() && other.is_none(),
        };
        is_same_location && self.function == other.function
    }
}

impl Eq for Site {}

/// The function if it is known, and the file and the line; or the label.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(function) = self.function() {
            write!(f, "`{function}`")?;
        }
        let Some(location) = self.location else { return Ok(()) };
        let at = if self.function.is_some() { " at " } else { "" };
        write!(f, "{at}{}:{}", location.file(), location.line())
    }
}

/// The last name in `path` that is not a closure's, without generic arguments, which may contain paths
/// too.
fn last_name(mut path: &'static str) -> &'static str {
    while let Some(rest) = path.strip_suffix("::{{closure}}") {
        path = rest;
    }
    let mut depth = 0;
    let mut end = path.len();
    let mut after = '\0';
    for (at, c) in path.char_indices().rev() {
        match c {
            // The arrow of a function type closes no bracket.
            '>' if !path[..at].ends_with('-') => depth += 1,
            '<' => {
                depth -= 1;
                end = if depth == 0 { at } else { end };
            }
            ':' if depth == 0 && after == ':' => return &path[at + 2..end],
            _ => {}
        }
        after = c;
    }
    &path[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_shown_by_its_last_name() {
        for (path, name) in [
            ("on_apply", "on_apply"),
            ("app::invoices::on_apply", "on_apply"),
            ("app::invoices::on_apply::{{closure}}::{{closure}}", "on_apply"),
            ("app::total<alloc::vec::Vec<u8>>::{{closure}}", "total"),
            ("app::total<fn(u8) -> app::Sum>::{{closure}}", "total"),
            ("<app::Store<u8> as app::Save>::save::{{closure}}", "save"),
            ("app::Store<u8>::save::{{closure}}", "save"),
        ] {
            assert_eq!(last_name(path), name, "{path}");
        }
    }

    #[test]
    fn the_type_name_of_a_closure_contains_the_function() {
        fn generic<T>(_: &[T]) -> &'static str {
            std::any::type_name_of_val(&|| ())
        }
        assert_eq!(last_name(generic::<fn(u8) -> Option<u8>>(&[])), "generic");
    }

    #[test]
    fn it_is_shown_with_its_function_if_that_is_known() {
        let line = line!() + 1;
        let site = Site::here();
        assert_eq!(site.to_string(), format!("{}:{line}", file!()));
        let site = site.in_function("app::on_apply");
        assert_eq!(site.to_string(), format!("`on_apply` at {}:{line}", file!()));
    }

    #[test]
    fn a_label_is_shown_without_a_location() {
        let site = Site::labelled("sh -c app::backup");
        assert_eq!(site.to_string(), "`sh -c app::backup`");
        assert_eq!((site.file(), site.line()), (None, None));
        assert_eq!(site, Site::labelled("sh -c app::backup"));
        assert_ne!(site, Site::here().in_function("sh -c app::backup"));
    }
}
