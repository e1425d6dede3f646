//! [`TicketSet`]: some of the waiters, in the order of their arrival.

use super::Ticket;

/// How many tickets have a bit in one word.
const BITS: u64 = u64::BITS as u64;

/// How many unused words are not worth a cleanup.
const FEW: usize = 16;

/// A set of tickets, most of which are close to each other: so it has a bit for each.
#[derive(Default)]
pub(super) struct TicketSet {
    /// Sorted; some may have no bit left.
    words: Vec<Word>,
    /// Where the first word with a bit is.
    first: usize,
    /// How many words have a bit.
    used: usize,
}

struct Word {
    /// The first ticket of the word, divided by the number of its bits.
    number: u64,
    bits: u64,
}

impl TicketSet {
    pub(super) fn insert(&mut self, ticket: Ticket) {
        let position = match self.position(ticket) {
            Ok(position) => position,
            Err(position) => {
                self.words.insert(position, Word { number: ticket.0 / BITS, bits: 0 });
                position
            }
        };
        let word = &mut self.words[position];
        self.used += usize::from(word.bits == 0);
        word.bits |= bit(ticket);
        self.first = self.first.min(position);
    }

    pub(super) fn remove(&mut self, ticket: Ticket) {
        let Ok(position) = self.position(ticket) else { return };
        let word = &mut self.words[position];
        if word.bits & bit(ticket) == 0 {
            return;
        }
        word.bits &= !bit(ticket);
        if word.bits == 0 {
            self.used -= 1;
            self.clean_up();
        }
    }

    pub(super) fn contains(&self, ticket: Ticket) -> bool {
        self.position(ticket).is_ok_and(|position| self.words[position].bits & bit(ticket) != 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.used == 0
    }

    pub(super) fn first(&self) -> Option<Ticket> {
        self.words.get(self.first).map(Word::first)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Ticket> {
        self.words[self.first..].iter().flat_map(Word::tickets)
    }

    /// Where the word of a ticket is, or where it belongs.
    fn position(&self, ticket: Ticket) -> Result<usize, usize> {
        self.words.binary_search_by_key(&(ticket.0 / BITS), |word| word.number)
    }

    /// Removes the words without a bit once they are the majority.
    fn clean_up(&mut self) {
        while self.words.get(self.first).is_some_and(|word| word.bits == 0) {
            self.first += 1;
        }
        if self.used == 0 || self.words.len() > 2 * self.used + FEW {
            self.words.retain(|word| word.bits != 0);
            self.first = 0;
        }
    }
}

impl Word {
    fn first(&self) -> Ticket {
        Ticket(self.number * BITS + u64::from(self.bits.trailing_zeros()))
    }

    fn tickets(&self) -> impl Iterator<Item = Ticket> + use<> {
        let start = self.number * BITS;
        let bits = self.bits;
        (0..BITS)
            .filter(move |shift| bits >> shift & 1 == 1)
            .map(move |shift| Ticket(start + shift))
    }
}

fn bit(ticket: Ticket) -> u64 {
    1 << (ticket.0 % BITS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_has_the_same_tickets_as_a_tree_in_the_same_order() {
        let (mut set, mut tree) = (TicketSet::default(), BTreeSet::new());
        let mut random = fastrand::Rng::with_seed(7);
        for step in 0..20_000 {
            // Near the last arrival, as in a queue.
            let ticket = Ticket(step / 8 + random.u64(0..300));
            if random.bool() {
                set.insert(ticket);
                tree.insert(ticket);
            } else {
                set.remove(ticket);
                tree.remove(&ticket);
            }
            assert_eq!(set.first(), tree.first().copied());
            assert_eq!(set.contains(ticket), tree.contains(&ticket));
            assert_eq!(set.is_empty(), tree.is_empty());
        }
        assert!(set.iter().eq(tree.iter().copied()));
        for ticket in tree {
            set.remove(ticket);
        }
        assert!(set.is_empty() && set.iter().next().is_none());
    }
}
