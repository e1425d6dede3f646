//! Names of every kind make types, which cause no warnings and hide nothing of the generated code.

#![deny(warnings, missing_docs, missing_debug_implementations, missing_copy_implementations)]
#![deny(nonstandard_style, unreachable_pub, unused_qualifications, single_use_lifetimes)]

use jam_lock::{Held, LockError, locked};

jam_lock::lock_names! {
    /// Its constant and its type are called `S`.
    "s",
    /// Its type would be a keyword.
    "self",
    /// Its type would look like an abbreviation.
    "a_b_c",
    /// Its type keeps the digits apart.
    "1.1",
    /// It has no upper case.
    "在庫",
    /// Its first letter has two capital forms.
    "ǆabc ß",
    /// Its type is called as one of the standard library.
    "string",
    /// So is that of this one.
    "option_{str}",
    /// Its type is called as one of this library.
    "held",
    /// Its type and its constant are called as others of this library.
    "lock name",
    /// Its function is called after a keyword.
    "fn_{result}",
}

fn use_all(
    _: &Held<lock_names::Self_>,
    _: &Held<lock_names::在庫>,
    _: &Held<lock_names::OptionStr>,
) {
}

#[locked("self", "在庫", "option_{str}", guard = held)]
fn save(str: u8) -> Result<(), LockError> {
    use_all(held.0, held.1, held.2);
    Ok(())
}

fn main() -> Result<(), LockError> {
    jam_lock::set_default_locks(jam_lock::Locks::in_memory())?;
    save(7)?;
    lock_names::_1_1::lock()?.acquire()?.release()?;
    lock_names::FnResult::lock("ok")?.acquire()?.release()
}
