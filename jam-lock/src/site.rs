//! [`Site`]: where in the source a lock is acquired.

use std::fmt;
use std::panic::Location;

/// Where in the source a lock is acquired.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// None where it is no source that acquires the lock.
    location: Option<&'static Location<'static>>,
    /// A path that ends in the function's name, or in a closure of it; without a location, what
    /// stands in a function's place.
    function: Option<&'static str>,
}

impl Site {
    /// Where the function is called that calls this, in nobody knows which function.
    #[track_caller]
    pub(crate) const fn here() -> Self {
        Self { location: Some(Location::caller()), function: None }
    }

    /// No place in any source: `what` acquires the lock, such as a command that somebody runs.
    pub(crate) const fn nowhere(what: &'static str) -> Self {
        Self { location: None, function: Some(what) }
    }

    /// The same place, in the function that `path` names.
    pub(crate) const fn within(self, path: &'static str) -> Self {
        Self { function: Some(path), ..self }
    }

    /// The function's name, without the modules and types that it belongs to, where `#[locked]` or
    /// `locked!` is what acquires the lock; of `jam-lock run`, the command that it runs.
    #[must_use]
    pub fn function(&self) -> Option<&'static str> {
        // A command is no path, whatever colons it has.
        if self.location.is_some() { self.function.map(last_name) } else { self.function }
    }

    /// The source file, as the compiler was told it; empty for `jam-lock run`.
    #[must_use]
    pub fn file(&self) -> &'static str {
        self.location.map_or("", Location::file)
    }

    /// The line in it, from 1 on; 0 for `jam-lock run`.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.location.map_or(0, Location::line)
    }

    /// The file and the line, if there is such a place.
    pub(crate) fn place(&self) -> Option<(&'static str, u32)> {
        self.location.map(|location| (location.file(), location.line()))
    }
}

impl PartialEq for Site {
    fn eq(&self, other: &Self) -> bool {
        let is_same_place = match (self.location, other.location) {
            // Most are compared with themselves.
            (Some(one), Some(other)) => std::ptr::eq(one, other) || one == other,
            (one, other) => one.is_none() && other.is_none(),
        };
        is_same_place && self.function == other.function
    }
}

impl Eq for Site {}

/// The place, and the function where it is known.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.function(), self.place()) {
            (Some(function), Some((file, line))) => write!(f, "`{function}` at {file}:{line}"),
            (Some(function), None) => write!(f, "`{function}`"),
            (None, _) => write!(f, "{}:{}", self.file(), self.line()),
        }
    }
}

/// The last name of `path` that is no closure's, without its generic arguments, in which there may
/// be paths too.
fn last_name(mut path: &'static str) -> &'static str {
    while let Some(rest) = path.strip_suffix("::{{closure}}") {
        path = rest;
    }
    let mut depth = 0;
    let mut end = path.len();
    let mut after = '\0';
    for (at, c) in path.char_indices().rev() {
        match c {
            // The arrow of a function's type closes nothing.
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
    fn a_function_is_called_by_its_last_name() {
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
    fn the_compiler_tells_the_function_by_a_closure_in_it() {
        fn generic<T>(_: &[T]) -> &'static str {
            std::any::type_name_of_val(&|| ())
        }
        assert_eq!(last_name(generic::<fn(u8) -> Option<u8>>(&[])), "generic");
    }

    #[test]
    fn it_is_shown_with_what_is_known() {
        let line = line!() + 1;
        let site = Site::here();
        assert_eq!(site.to_string(), format!("{}:{line}", file!()));
        let site = site.within("app::on_apply");
        assert_eq!(site.to_string(), format!("`on_apply` at {}:{line}", file!()));
    }

    #[test]
    fn what_is_in_no_source_has_no_place() {
        let site = Site::nowhere("sh -c app::backup");
        assert_eq!(site.to_string(), "`sh -c app::backup`");
        assert_eq!((site.file(), site.line()), ("", 0));
        assert_eq!(site, Site::nowhere("sh -c app::backup"));
        assert_ne!(site, Site::here().within("sh -c app::backup"));
    }
}
