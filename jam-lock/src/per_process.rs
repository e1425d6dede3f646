//! [`PerProcess`]: what a fork must not inherit.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::process_id::ProcessId;

/// How many generations of forks that do not execute another program find a slot without looking
/// further.
const SLOTS: usize = 8;

/// A static that each process has for itself, and that starts anew in a fork.
///
/// A fork copies what its parent knows of threads, but none of the threads: a mutex may be locked in
/// it forever. So a process never touches what another one has made, and waits for no other
/// thread than its own.
pub(crate) struct PerProcess<T> {
    slots: Slots<T>,
}

type Slots<T> = [Slot<T>; SLOTS];

/// What one process has made, and nobody after it uses.
struct Slot<T> {
    /// Whose slot it is; 0 while it is nobody's.
    owner: AtomicU64,
    made: OnceLock<Made<T>>,
}

/// A value, and slots for the forks of the processes that have taken those beside it.
struct Made<T> {
    value: T,
    more: Box<Slots<T>>,
}

impl<T: Default> PerProcess<T> {
    /// A static of which no process has a value yet.
    pub(crate) const fn new() -> Self {
        Self { slots: [const { Slot::new() }; SLOTS] }
    }

    /// The value of this process, which is made on first use.
    ///
    /// # Panics
    /// In a process whose ancestors have all been forked at the very moment when they made theirs.
    pub(crate) fn get(&'static self) -> &'static T {
        self.of(ProcessId::current().get())
    }

    /// What `look` finds in the values of this process and of those that it is a fork of, whose
    /// mutexes may be locked forever.
    pub(crate) fn find<R>(
        &'static self,
        mut look: impl FnMut(&'static T) -> Option<R>,
    ) -> Option<R> {
        let mut slots = Some(&self.slots);
        while let Some(these) = slots {
            let made = || these.iter().filter_map(|slot| slot.made.get());
            if let Some(found) = made().find_map(|made| look(&made.value)) {
                return Some(found);
            }
            slots = made().next().map(|made| &*made.more);
        }
        None
    }

    fn of(&self, here: u64) -> &T {
        let mut slots = &self.slots;
        loop {
            if let Some(made) = slots.iter().find_map(|slot| slot.of(here)) {
                return &made.value;
            }
            // All of them are ancestors', so nobody is about to change them.
            let full = slots.iter().find_map(|slot| slot.made.get());
            slots = &full.expect("an ancestor was forked after it had used the library").more;
        }
    }
}

impl<T: Default> Slot<T> {
    const fn new() -> Self {
        Self { owner: AtomicU64::new(0), made: OnceLock::new() }
    }

    /// What the process `here` has made, if the slot is its own, or nobody's yet.
    fn of(&self, here: u64) -> Option<&Made<T>> {
        let mut owner = self.owner.load(Ordering::Acquire);
        if owner == 0 {
            let taken = self.owner.compare_exchange(0, here, Ordering::AcqRel, Ordering::Acquire);
            let Err(faster) = taken else {
                let more = Box::new([const { Slot::new() }; SLOTS]);
                return Some(self.made.get_or_init(|| Made { value: T::default(), more }));
            };
            owner = faster;
        }
        if owner != here {
            return None;
        }
        loop {
            if let Some(made) = self.made.get() {
                return Some(made);
            }
            // Another thread of this process is just making it.
            thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn all_threads_of_a_process_have_one_value() {
        static COUNT: PerProcess<AtomicUsize> = PerProcess::new();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| COUNT.get().fetch_add(1, Ordering::Relaxed));
            }
        });
        assert_eq!(COUNT.get().load(Ordering::Relaxed), 8);
    }

    #[test]
    fn a_fork_waits_for_nothing_that_was_inherited_locked_or_half_made() {
        static STATE: PerProcess<Mutex<u32>> = PerProcess::new();
        // As inherited from a parent that was just making its value, and from one that has locked it.
        STATE.slots[0].owner.store(1, Ordering::Relaxed);
        let locked = STATE.slots[1].of(2).unwrap();
        let _locked = locked.value.lock().unwrap();
        *STATE.get().lock().unwrap() += 1;
        assert_eq!(*STATE.get().lock().unwrap(), 1);
    }

    #[test]
    fn generations_of_forks_never_run_out_of_slots() {
        static STATE: PerProcess<u32> = PerProcess::new();
        let mut seen = HashSet::new();
        for process in 1..=100 {
            let made = STATE.of(process);
            assert!(seen.insert(std::ptr::from_ref(made)), "{process} has another's value");
        }
    }
}
