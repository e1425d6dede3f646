//! [`Schedule`]: wakers, and the times at which they are to be called.

use std::task::Waker;
use std::time::Instant;

/// How many children a node of the heap has: with four, fewer levels are visited than with two.
const CHILDREN: usize = 4;

/// The position of a waker that was taken out of the heap.
const NOWHERE: usize = usize::MAX;

/// How much unused memory is kept, in wakers.
const FEW: usize = 64;

/// Wakers, and the times at which they are to be called.
///
/// It is in two pieces of memory without gaps, because each waiting task has a part of it.
#[derive(Default)]
pub(super) struct Schedule {
    /// A heap: no node is due before its parent.
    heap: Vec<Node>,
    /// By the numbers of the nodes.
    slots: Vec<Slot>,
    unused: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Node {
    time: Instant,
    slot: usize,
}

struct Slot {
    waker: Option<Waker>,
    /// Where its node is in the heap.
    position: usize,
}

impl Schedule {
    /// Adds a waker; returns the slot that it has until that is removed.
    pub(super) fn add(&mut self, time: Instant, waker: Waker) -> usize {
        let position = self.heap.len();
        let new = Slot { waker: Some(waker), position };
        let slot = if let Some(slot) = self.unused.pop() {
            self.slots[slot] = new;
            slot
        } else {
            self.slots.push(new);
            self.slots.len() - 1
        };
        self.heap.push(Node { time, slot });
        self.move_up(position);
        slot
    }

    /// Whether the slot is the next to be due.
    pub(super) fn is_first(&self, slot: usize) -> bool {
        self.slots[slot].position == 0
    }

    /// Whether `waker` is to be called for the slot, or that was due already.
    pub(super) fn calls(&self, slot: usize, waker: &Waker) -> bool {
        let Slot { waker: current, position } = &self.slots[slot];
        *position == NOWHERE || current.as_ref().is_some_and(|current| current.will_wake(waker))
    }

    /// Sets the waker of a slot, unless that was due already; returns the one that is not needed.
    pub(super) fn replace(&mut self, slot: usize, waker: Waker) -> Option<Waker> {
        let slot = &mut self.slots[slot];
        if slot.position == NOWHERE { Some(waker) } else { slot.waker.replace(waker) }
    }

    /// Removes a slot; returns its waker if it was not due.
    pub(super) fn remove(&mut self, slot: usize) -> Option<Waker> {
        let waker = self.take(slot);
        self.unused.push(slot);
        if self.unused.len() == self.slots.len() && self.slots.len() > FEW {
            *self = Self::default();
        }
        waker
    }

    /// Takes out the first waker that is due by `now`.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Waker> {
        let first = self.heap.first().filter(|first| first.time <= now)?;
        self.take(first.slot)
    }

    /// When the next waker is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.first().map(|first| first.time)
    }

    /// Takes the waker of a slot, and its node out of the heap.
    fn take(&mut self, slot: usize) -> Option<Waker> {
        let position = std::mem::replace(&mut self.slots[slot].position, NOWHERE);
        if position != NOWHERE {
            self.heap.swap_remove(position);
            if position < self.heap.len() {
                self.move_up(position);
                self.move_down(self.slots[self.heap[position].slot].position);
            }
        }
        self.slots[slot].waker.take()
    }

    fn move_up(&mut self, mut position: usize) {
        let node = self.heap[position];
        while position > 0 {
            let parent = (position - 1) / CHILDREN;
            if self.heap[parent].time <= node.time {
                break;
            }
            self.put(position, self.heap[parent]);
            position = parent;
        }
        self.put(position, node);
    }

    fn move_down(&mut self, mut position: usize) {
        let node = self.heap[position];
        loop {
            let children = position * CHILDREN + 1..(position + 1) * CHILDREN + 1;
            let children = children.start..children.end.min(self.heap.len());
            let Some(first) = children.min_by_key(|child| self.heap[*child].time) else { break };
            if node.time <= self.heap[first].time {
                break;
            }
            self.put(position, self.heap[first]);
            position = first;
        }
        self.put(position, node);
    }

    fn put(&mut self, position: usize, node: Node) {
        self.heap[position] = node;
        self.slots[node.slot].position = position;
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
            if random.u8(0..3) == 0 {
                let at = random.usize(0..expected.len());
                let key = *expected.keys().nth(at).unwrap();
                let (slot, waker) = expected.remove(&key).unwrap();
                assert!(schedule.remove(slot).is_some_and(|removed| removed.will_wake(&waker)));
            }
            let first = expected.first_key_value().map(|((time, _), _)| *time);
            assert_eq!(schedule.next(), first);
        }
        while let Some(time) = schedule.next() {
            let before = time.checked_sub(Duration::from_micros(1)).unwrap();
            assert_eq!(schedule.pop_due(before).map(drop), None);
            let waker = schedule.pop_due(time).unwrap();
            let due = expected.iter().find(|(_, (_, expected))| expected.will_wake(&waker));
            let (key, slot) = due.map(|(key, (slot, _))| (*key, *slot)).unwrap();
            expected.remove(&key);
            assert_eq!(key.0, time);
            // What was due is not called again.
            assert!(schedule.replace(slot, waker.clone()).is_some_and(|it| it.will_wake(&waker)));
            assert_eq!(schedule.remove(slot).map(drop), None);
        }
        assert!(expected.is_empty());
        assert_eq!(schedule.slots.capacity(), 0, "its memory is returned when nothing is left");
    }
}
