//! The number by which a server knows a name.

use crate::name::LockName;
use crate::name::digest;

/// What keeps these locks apart from all others that a database may have.
const DOMAIN: &str = "jam-lock 1";

/// The first 64 bits of a SHA-256 digest over domain, namespace and name.
///
/// No name has the zero byte that separates them.
pub(super) fn key(namespace: &str, name: &LockName) -> i64 {
    let digest = digest::sha256(format!("{DOMAIN}\0{namespace}\0{name}").as_bytes());
    let number = u64::from_str_radix(&digest[..16], 16).expect("a digest is made of digits");
    i64::from_be_bytes(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(namespace: &str, name: &str) -> i64 {
        key(namespace, &LockName::new(name).unwrap())
    }

    #[test]
    fn it_is_the_same_on_every_machine_and_in_every_version() {
        // sha256sum says the same.
        assert_eq!(
            key_of("", "invoice_saved").to_be_bytes(),
            0xd482_6c39_6efa_a14b_u64.to_be_bytes()
        );
    }

    #[test]
    fn namespaces_keep_names_apart() {
        assert_ne!(key_of("a", "b"), key_of("b", "b"));
        assert_ne!(key_of("a", "bc"), key_of("ab", "c"));
    }
}
