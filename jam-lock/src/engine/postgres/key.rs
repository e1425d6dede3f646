//! The key of a name: the number of its advisory lock.

use crate::name::LockName;
use crate::name::digest;

/// Separates these locks from other advisory locks of the database.
const DOMAIN: &str = "jam-lock 1";

/// The first 64 bits of the SHA-256 digest of the domain, the namespace and the name.
///
/// The zero byte that separates them occurs in no name.
pub(super) fn key(namespace: &str, name: &LockName) -> i64 {
    let digest = digest::sha256(format!("{DOMAIN}\0{namespace}\0{name}").as_bytes());
    let number = u64::from_str_radix(&digest[..16], 16).expect("a digest is hexadecimal");
    i64::from_be_bytes(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(namespace: &str, name: &str) -> i64 {
        key(namespace, &LockName::new(name).unwrap())
    }

    #[test]
    fn a_key_is_the_same_on_every_machine_and_in_every_version() {
        // As computed by `sha256sum`.
        assert_eq!(
            key_of("", "invoice_saved").to_be_bytes(),
            0xd482_6c39_6efa_a14b_u64.to_be_bytes()
        );
    }

    #[test]
    fn namespaces_separate_names() {
        assert_ne!(key_of("a", "b"), key_of("b", "b"));
        assert_ne!(key_of("a", "bc"), key_of("ab", "c"));
    }
}
