//! [`DueQueue`]: what is to be done at given times.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Instant;

/// What is to be done at given times; at one time, in the order in which it was added.
#[derive(Debug)]
pub(crate) struct DueQueue<T> {
    entries: BinaryHeap<Entry<T>>,
    added: u64,
}

#[derive(Debug)]
struct Entry<T> {
    due: (Instant, u64),
    value: T,
}

impl<T> Default for DueQueue<T> {
    fn default() -> Self {
        Self { entries: BinaryHeap::new(), added: 0 }
    }
}

impl<T> DueQueue<T> {
    pub(crate) fn add(&mut self, at: Instant, value: T) {
        self.added += 1;
        self.entries.push(Entry { due: (at, self.added), value });
    }

    /// Removes the first value, if it is due.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<T> {
        if self.next()? > now {
            return None;
        }
        self.entries.pop().map(|entry| entry.value)
    }

    /// When the first value is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.entries.peek().map(|entry| entry.due.0)
    }

    /// How many values are due.
    // Only the threads of a folder ask, which there are on Linux.
    #[cfg(any(target_os = "linux", test))]
    pub(crate) fn count_due(&self, now: Instant) -> usize {
        self.entries.iter().filter(|entry| entry.due.0 <= now).count()
    }
}

/// The greatest entry is the one that is due first.
impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.due.cmp(&self.due)
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl<T> Eq for Entry<T> {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn values_come_in_the_order_of_their_times_and_then_of_their_arrival() {
        let (start, mut queue) = (Instant::now(), DueQueue::default());
        let at = |seconds| start + Duration::from_secs(seconds);
        for (seconds, value) in [(3, "d"), (1, "a"), (2, "b"), (2, "c"), (4, "e")] {
            queue.add(at(seconds), value);
        }
        assert_eq!((queue.next(), queue.count_due(at(2))), (Some(at(1)), 3));
        let mut due = std::iter::from_fn(|| queue.pop_due(at(3)));
        assert!(due.by_ref().eq(["a", "b", "c", "d"]));
        assert_eq!((queue.next(), queue.pop_due(at(3))), (Some(at(4)), None));
    }
}
