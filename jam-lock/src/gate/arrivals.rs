//! [`Arrivals`]: values in the order of their arrival, which are found by their numbers.

/// How much unused memory is not worth a cleanup, in entries.
const FEW: usize = 64;

/// Values whose numbers rise from one to the next.
///
/// They are in one piece of memory, because most of them leave in the order in which they came; the nodes
/// of a tree would be half empty.
pub(super) struct Arrivals<T> {
    /// `None` for a value that has left.
    entries: Vec<(u64, Option<T>)>,
    /// Where the first value is.
    first: usize,
    len: usize,
}

impl<T> Default for Arrivals<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), first: 0, len: 0 }
    }
}

impl<T> Arrivals<T> {
    /// Adds a value at the end; `number` is greater than all before.
    pub(super) fn push(&mut self, number: u64, value: T) {
        debug_assert!(self.entries.last().is_none_or(|(last, _)| *last < number));
        self.entries.push((number, Some(value)));
        self.len += 1;
    }

    pub(super) fn get(&self, number: u64) -> Option<&T> {
        self.entries[self.position(number)?].1.as_ref()
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let position = self.position(number)?;
        self.entries[position].1.as_mut()
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<T> {
        let position = self.position(number)?;
        let value = self.entries[position].1.take()?;
        self.len -= 1;
        self.clean_up();
        Some(value)
    }

    pub(super) fn pop_first(&mut self) -> Option<T> {
        let (first, _) = *self.entries.get(self.first)?;
        self.remove(first)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let entries = self.entries[self.first..].iter();
        entries.filter_map(|(number, value)| Some((*number, value.as_ref()?)))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u64, &mut T)> {
        let entries = self.entries[self.first..].iter_mut();
        entries.filter_map(|(number, value)| Some((*number, value.as_mut()?)))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn position(&self, number: u64) -> Option<usize> {
        let (first, _) = self.entries.get(self.first)?;
        let distance = usize::try_from(number.checked_sub(*first)?).ok()?;
        // It is there if no entry in between was cleaned up, and never later.
        let latest = (self.first + distance).min(self.entries.len() - 1);
        if self.entries[latest].0 == number {
            return Some(latest);
        }
        let entries = &self.entries[self.first..latest];
        let position = entries.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(self.first + position)
    }

    /// Removes the entries without a value once they are the majority.
    fn clean_up(&mut self) {
        while self.entries.get(self.first).is_some_and(|(_, value)| value.is_none()) {
            self.first += 1;
        }
        if self.len == 0 || self.entries.len() > 2 * self.len + FEW {
            self.entries.retain(|(_, value)| value.is_some());
            self.first = 0;
            if self.entries.capacity() > 4 * (self.len + FEW) {
                self.entries.shrink_to(2 * self.len);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(arrivals: &Arrivals<u64>) -> Vec<u64> {
        arrivals.iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn values_are_found_by_their_numbers_in_whatever_order_they_leave() {
        let mut arrivals = Arrivals::default();
        for number in 10..1010 {
            arrivals.push(number, number * 2);
        }
        // All but each tenth one, so that those which are left move together.
        for number in (10..1010).filter(|number| number % 10 != 0) {
            assert_eq!(arrivals.remove(number), Some(number * 2));
            assert_eq!(arrivals.remove(number), None);
        }
        assert_eq!(numbers(&arrivals), (1..=100).map(|ten| ten * 10).collect::<Vec<_>>());
        for number in 0..1020 {
            let is_there = number % 10 == 0 && (10..1010).contains(&number);
            assert_eq!(arrivals.get(number).copied(), is_there.then_some(number * 2), "{number}");
        }
        arrivals.push(2000, 1);
        assert_eq!(arrivals.get_mut(2000), Some(&mut 1));
        assert_eq!(arrivals.pop_first(), Some(20));
        assert_eq!(arrivals.len(), 100);
    }

    #[test]
    fn the_memory_of_a_crowd_is_returned_when_it_leaves() {
        for leave_backwards in [false, true] {
            let mut arrivals = Arrivals::default();
            for number in 0..10_000 {
                arrivals.push(number, number);
            }
            for number in 1..10_000 {
                arrivals.remove(if leave_backwards { 10_000 - number } else { number });
            }
            assert_eq!(numbers(&arrivals), [0]);
            let capacity = arrivals.entries.capacity();
            assert!(capacity < 1_000, "there is room for {capacity}");
        }
    }
}
