//! The lock order: the order in which several locks are acquired, everywhere the same to prevent deadlocks.

use std::cmp::Ordering;

use super::LockName;

/// Sorts the `names` in lock order, and removes duplicates.
pub(crate) fn in_lock_order(names: impl IntoIterator<Item = LockName>) -> Vec<LockName> {
    let mut ordered: Vec<LockName> = Vec::new();
    for name in names {
        // There are few, and the code of a sort would be half as long as that of a gate.
        let position = ordered.partition_point(|other| compare(other, &name).is_le());
        ordered.insert(position, name);
    }
    // Names with the same text are the same lock; the first in lock order stays.
    let mut distinct: Vec<LockName> = Vec::with_capacity(ordered.len());
    for name in ordered {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

impl LockName {
    /// Whether it is declared, and so has a place in the lock order of its registry.
    pub(crate) fn has_order(&self) -> bool {
        self.declaration.registry.is_some()
    }

    /// Whether both are keys of one keyed name.
    pub(crate) fn has_same_declaration(&self, other: &Self) -> bool {
        let declared = |name: &Self| (name.declaration.registry, name.declaration.position);
        self.has_order() && declared(self) == declared(other)
    }

    /// Whether both names are declared in the same registry, and this one comes first in lock order.
    pub(crate) fn is_declared_before(&self, other: &Self) -> bool {
        self.has_order()
            && self.declaration.registry == other.declaration.registry
            && compare(self, other) == Ordering::Less
    }
}

/// Compares two names in lock order.
///
/// Declared names come first, in the order of declaration, and those of one keyed name in the order of their
/// keys; names made at run time follow, in the order of their text.
fn compare(one: &LockName, other: &LockName) -> Ordering {
    match (one.declaration.registry, other.declaration.registry) {
        (Some(_), Some(_)) => {
            let declared = |name: &LockName| (name.declaration.registry, name.declaration.position);
            declared(one).cmp(&declared(other)).then_with(|| compare_keys(one.keys(), other.keys()))
        }
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => one.as_str().cmp(other.as_str()),
    }
}

fn compare_keys(one: &[String], other: &[String]) -> Ordering {
    let keys = one.iter().zip(other).map(|(one, other)| compare_key(one, other));
    keys.fold(Ordering::Equal, Ordering::then)
}

/// Numbers come first, in numerical order; other keys follow, in the order of their text.
fn compare_key(one: &str, other: &str) -> Ordering {
    match (number(one), number(other)) {
        (Some(less), Some(more)) => {
            less.len().cmp(&more.len()).then(less.cmp(more)).then(one.cmp(other))
        }
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => one.cmp(other),
    }
}

/// The digits of a numeric key, without leading zeros.
fn number(key: &str) -> Option<&str> {
    let is_number = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| key.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered<const N: usize>(names: [LockName; N]) -> Vec<String> {
        in_lock_order(names).iter().map(ToString::to_string).collect()
    }

    fn customer(key: &str) -> LockName {
        LockName::keyed(&["customer_", ""], "names", 1, &[&key])
    }

    fn at_run_time(name: &str) -> LockName {
        LockName::new(name).unwrap()
    }

    #[test]
    fn declared_names_come_in_their_order_and_before_those_made_at_run_time() {
        let (last, first) =
            (LockName::declared("a", "names", 2), LockName::declared("z", "names", 0));
        let names = [at_run_time("c"), last, at_run_time("b"), customer("7"), first];
        assert_eq!(ordered(names), ["z", "customer_7", "a", "b", "c"]);
    }

    #[test]
    fn numbers_come_in_numerical_order_and_before_other_keys() {
        let names = ["b", "10", "9", "a", "010", "0", "99999999999999999999999"].map(customer);
        assert_eq!(
            ordered(names),
            [
                "customer_0",
                "customer_9",
                "customer_010",
                "customer_10",
                "customer_99999999999999999999999",
                "customer_a",
                "customer_b"
            ]
        );
    }

    #[test]
    fn the_first_key_decides_before_the_second() {
        let line = |order: u8, line: u8| {
            LockName::keyed(&["line_", "_", ""], "names", 0, &[&order, &line])
        };
        assert_eq!(
            ordered([line(2, 1), line(1, 2), line(1, 1)]),
            ["line_1_1", "line_1_2", "line_2_1"]
        );
    }

    #[test]
    fn the_same_lock_comes_once_at_its_declared_place() {
        let declared = LockName::declared("z", "names", 0);
        assert_eq!(ordered([at_run_time("a"), at_run_time("z"), declared, customer("7")]).len(), 3);
        let declared = LockName::declared("z", "names", 0);
        assert_eq!(ordered([at_run_time("a"), at_run_time("z"), declared])[0], "z");
    }
}
