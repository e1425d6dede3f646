//! "Did you mean …?" for a name that was never used.

use jam_lock::{LockName, Locks};

/// The end of a sentence that suggests a used name instead of `name`, if one is similar.
pub(crate) fn did_you_mean(locks: &Locks, name: &LockName) -> Option<String> {
    let used = locks.list().ok()?;
    let nearest = nearest(name.as_str(), used.iter().map(jam_lock::Status::name))?;
    Some(format!("; did you mean `{nearest}`?"))
}

/// The name that was probably meant by `name`.
fn nearest<'a>(name: &str, used: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may be wrong.
    let tolerated = name.chars().count() / 3;
    let distance =
        |used: &str| strsim::damerau_levenshtein(&used.to_lowercase(), &name.to_lowercase());
    used.filter(|used| !is_another_key(name, used))
        .map(|used| (distance(used), used))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, used)| used)
}

/// Whether two names differ in numbers alone, as those of two customers do.
fn is_another_key(one: &str, other: &str) -> bool {
    let letters = |name: &str| name.replace(|it: char| it.is_ascii_digit(), "");
    one != other && letters(one) == letters(other)
}
