//! [`PerProcess`]: a static that a forked child does not inherit.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::process_id::ProcessId;

/// How many generations of forks, without an `exec` between them, find a slot in the first array.
const SLOTS: usize = 8;

/// A static with a value for each process, which starts anew in a forked child.
///
/// A forked child has a copy of its parent's memory, but only one of its threads, so a mutex may stay locked
/// in it forever. Therefore a process never touches the value of another one, and waits only for threads of
/// its own.
pub(crate) struct PerProcess<T> {
    slots: Slots<T>,
}

type Slots<T> = [Slot<T>; SLOTS];

/// The value of one process, which its forked children do not use.
struct Slot<T> {
    /// The process that has taken the slot; 0 if none has.
    process: AtomicU64,
    entry: OnceLock<Entry<T>>,
}

/// A value, and more slots for forked children, for when those beside it are taken.
struct Entry<T> {
    value: T,
    more: Box<Slots<T>>,
}

impl<T: Default> PerProcess<T> {
    /// A static without a value in any process.
    pub(crate) const fn new() -> Self {
        Self { slots: [const { Slot::new() }; SLOTS] }
    }

    /// The value of this process, which is created on first use.
    ///
    /// # Panics
    /// If the ancestors of this process filled all slots, and each was forked while it created its value.
    pub(crate) fn get(&'static self) -> &'static T {
        self.get_for(ProcessId::current().unique())
    }

    /// The first result of `visit` for the values of this process and of its ancestors, whose mutexes may be
    /// locked forever.
    pub(crate) fn find<R>(
        &'static self,
        mut visit: impl FnMut(&'static T) -> Option<R>,
    ) -> Option<R> {
        let mut slots = Some(&self.slots);
        while let Some(these) = slots {
            let entries = || these.iter().filter_map(|slot| slot.entry.get());
            if let Some(found) = entries().find_map(|entry| visit(&entry.value)) {
                return Some(found);
            }
            slots = entries().next().map(|entry| &*entry.more);
        }
        None
    }

    fn get_for(&self, process: u64) -> &T {
        let mut slots = &self.slots;
        loop {
            if let Some(entry) = slots.iter().find_map(|slot| slot.get_for(process)) {
                return &entry.value;
            }
            // All slots belong to ancestors, so they no longer change.
            let full = slots.iter().find_map(|slot| slot.entry.get());
            slots = &full.expect("an ancestor was forked after it had used the library").more;
        }
    }
}

impl<T: Default> Slot<T> {
    const fn new() -> Self {
        Self { process: AtomicU64::new(0), entry: OnceLock::new() }
    }

    /// The entry of `process`, if the slot is its own, or is free and is taken by this.
    fn get_for(&self, process: u64) -> Option<&Entry<T>> {
        let mut taken_by = self.process.load(Ordering::Acquire);
        if taken_by == 0 {
            let taken =
                self.process.compare_exchange(0, process, Ordering::AcqRel, Ordering::Acquire);
            let Err(faster) = taken else {
                let more = Box::new([const { Slot::new() }; SLOTS]);
                return Some(self.entry.get_or_init(|| Entry { value: T::default(), more }));
            };
            taken_by = faster;
        }
        if taken_by != process {
            return None;
        }
        loop {
            if let Some(entry) = self.entry.get() {
                return Some(entry);
            }
            // Another thread of this process is creating it.
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
    fn a_fork_does_not_wait_for_values_inherited_locked_or_half_created() {
        static STATE: PerProcess<Mutex<u32>> = PerProcess::new();
        // As inherited from a parent that was creating its value, and from one that has locked it.
        STATE.slots[0].process.store(1, Ordering::Relaxed);
        let locked = STATE.slots[1].get_for(2).unwrap();
        let _locked = locked.value.lock().unwrap();
        *STATE.get().lock().unwrap() += 1;
        assert_eq!(*STATE.get().lock().unwrap(), 1);
    }

    #[test]
    fn generations_of_forks_never_run_out_of_slots() {
        static STATE: PerProcess<u32> = PerProcess::new();
        let mut seen = HashSet::new();
        for process in 1..=100 {
            let value = STATE.get_for(process);
            assert!(seen.insert(std::ptr::from_ref(value)), "{process} has the value of another");
        }
    }
}
