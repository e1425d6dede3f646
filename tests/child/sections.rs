//! Sections that last until the next line.

use jam_lock::{Locks, locked};
use jam_lock_tests::lock_names;

use crate::{Result, next_line};

pub(crate) fn run_keyed(locks: &Locks, name: &str) -> Result {
    #[locked("called_{name}", names = lock_names, locks = locks)]
    fn on_apply(locks: &Locks, name: &str) -> Result {
        until_next_line()
    }

    on_apply(locks, name)?;
    println!("released");
    Ok(())
}

pub(crate) fn run(locks: &Locks) -> Result {
    #[locked("first", names = lock_names, locks = locks)]
    fn on_apply(locks: &Locks) -> Result {
        until_next_line()
    }

    on_apply(locks)?;
    println!("released");
    Ok(())
}

#[locked("first", names = lock_names, locks = locks, recover = |_| until_next_line())]
pub(crate) fn recover(locks: &Locks) -> Result {
    unreachable!("the test kills the process while it recovers")
}

fn until_next_line() -> Result {
    println!("held");
    next_line()?;
    Ok(())
}
