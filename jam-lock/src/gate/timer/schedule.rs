//! [`Schedule`]: wakers, and the times at which they are to be called.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem;
use std::task::Waker;
use std::time::Instant;

/// How much unused memory is kept, in wakers.
const FEW: usize = 64;

/// Wakers, and the times at which they are to be called.
///
/// Most are removed before they are due, in the order in which they were added. To take each of them out of the
/// heap at once would reorder all of it again and again, so they are taken out together.
#[derive(Default)]
pub(super) struct Schedule {
    /// The slots, by their times; some are removed.
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
    slots: Vec<Slot>,
    /// The slots that are removed and not in the heap any more.
    unused: Vec<usize>,
    /// How many slots in the heap are removed.
    removed: usize,
}

enum Slot {
    Pending(Waker),
    /// It was due, and is not in the heap any more.
    Due,
    Removed,
}

impl Schedule {
    /// Adds a waker; returns the slot that it has until that is removed.
    pub(super) fn add(&mut self, time: Instant, waker: Waker) -> usize {
        let new = Slot::Pending(waker);
        let slot = if let Some(slot) = self.unused.pop() {
            self.slots[slot] = new;
            slot
        } else {
            self.slots.push(new);
            self.slots.len() - 1
        };
        self.heap.push(Reverse((time, slot)));
        slot
    }

    /// Whether the slot is the next to be due.
    pub(super) fn is_first(&self, slot: usize) -> bool {
        self.heap.peek().is_some_and(|Reverse((_, first))| *first == slot)
    }

    /// Whether `waker` is to be called for the slot, or that was due already.
    pub(super) fn calls(&self, slot: usize, waker: &Waker) -> bool {
        match &self.slots[slot] {
            Slot::Pending(current) => current.will_wake(waker),
            Slot::Due | Slot::Removed => true,
        }
    }

    /// Sets the waker of a slot, unless that was due already; returns the one that is not needed.
    pub(super) fn replace(&mut self, slot: usize, waker: Waker) -> Waker {
        match &mut self.slots[slot] {
            Slot::Pending(current) => mem::replace(current, waker),
            Slot::Due | Slot::Removed => waker,
        }
    }

    /// Removes a slot; returns its waker if it was not due.
    pub(super) fn remove(&mut self, slot: usize) -> Option<Waker> {
        let before = mem::replace(&mut self.slots[slot], Slot::Removed);
        let waker = if let Slot::Pending(waker) = before {
            self.removed += 1;
            Some(waker)
        } else {
            self.unused.push(slot);
            None
        };
        self.clean_up();
        waker
    }

    /// Takes out the first waker that is due by `now`.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Waker> {
        while self.next()? <= now {
            let Reverse((_, slot)) = self.heap.pop()?;
            if let Slot::Pending(waker) = mem::replace(&mut self.slots[slot], Slot::Due) {
                return Some(waker);
            }
            self.slots[slot] = Slot::Removed;
            self.unused.push(slot);
            self.removed -= 1;
        }
        None
    }

    /// When the next waker is due, or earlier if it has been removed; `None` if there is none.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((time, _))| *time)
    }

    /// Takes the removed slots out of the heap once they are the majority, or all.
    fn clean_up(&mut self) {
        let pending = self.heap.len() - self.removed;
        if pending > 0 && self.removed <= pending + FEW {
            return;
        }
        let Self { heap, slots, unused, .. } = self;
        heap.retain(|Reverse((_, slot))| {
            let is_removed = matches!(slots[*slot], Slot::Removed);
            if is_removed {
                unused.push(*slot);
            }
            !is_removed
        });
        self.removed = 0;
        if unused.len() == slots.len() && slots.len() > FEW {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::task::Wake;
    use std::time::Duration;

    use super::*;

    struct Idle;

    impl Wake for Idle {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn wakers_are_due_in_the_order_of_their_times_whichever_were_removed() {
        let mut random = fastrand::Rng::with_seed(7);
        let (start, mut schedule) = (Instant::now(), Schedule::default());
        let mut expected = BTreeMap::new();
        for number in 0..2_000_u64 {
            let time = start + Duration::from_micros(random.u64(0..500));
            let waker = Waker::from(Arc::new(Idle));
            let slot = schedule.add(time, waker.clone());
            assert!(schedule.calls(slot, &waker));
            expected.insert((time, number), (slot, waker));
            if random.u8(0..3) > 0 {
                let at = random.usize(0..expected.len());
                let key = *expected.keys().nth(at).unwrap();
                let (slot, waker) = expected.remove(&key).unwrap();
                assert!(schedule.remove(slot).is_some_and(|removed| removed.will_wake(&waker)));
            }
            let first = expected.first_key_value().map(|((time, _), _)| *time);
            assert!(schedule.next() <= first && schedule.next().is_some() == first.is_some());
            assert!(schedule.heap.len() <= 2 * expected.len() + FEW);
        }
        while let Some(&(time, _)) = expected.keys().next() {
            let before = time.checked_sub(Duration::from_micros(1)).unwrap();
            assert_eq!(schedule.pop_due(before).map(drop), None);
            let waker = schedule.pop_due(time).unwrap();
            let due = expected.iter().find(|(_, (_, expected))| expected.will_wake(&waker));
            let (key, slot) = due.map(|(key, (slot, _))| (*key, *slot)).unwrap();
            expected.remove(&key);
            assert_eq!(key.0, time);
            // What was due is not called again.
            assert!(schedule.replace(slot, waker.clone()).will_wake(&waker));
            assert_eq!(schedule.remove(slot).map(drop), None);
        }
        assert_eq!(schedule.next(), None);
        assert_eq!(schedule.slots.capacity(), 0, "its memory is returned when nothing is left");
    }
}
