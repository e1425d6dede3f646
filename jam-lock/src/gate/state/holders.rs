//! The holders in this process.

use std::time::Instant;

use crate::engine::Recorded;
use crate::gate::arrivals::Arrivals;
use crate::gate::{AcquireRequest, Outcome};
use crate::holder::Holder;
use crate::site::Site;

/// A holder in this process.
struct LocalHolder {
    number: u64,
    site: Site,
    since: Instant,
    token: u64,
    permits: u16,
    /// The holder that had abandoned the lock when this one acquired it.
    abandoned_by: Option<Box<Holder>>,
    /// How many guards share the acquisition.
    guards: usize,
    is_abandoned: bool,
}

/// A holder that is gone.
pub(super) struct FormerHolder {
    pub(super) since: Instant,
    /// The first holder that abandoned the lock, if this one has left it abandoned.
    pub(super) abandoned_by: Option<Box<Holder>>,
}

/// One writer, or some readers, in the order of their arrival.
#[derive(Default)]
pub(super) struct Holders {
    /// Apart from the others, because it is usually the only one.
    first: Option<LocalHolder>,
    others: Arrivals<LocalHolder>,
    added: u64,
}

impl Holders {
    /// Adds a holder with one guard, and returns its number.
    pub(super) fn add(
        &mut self,
        request: &AcquireRequest,
        since: Instant,
        recorded: &Recorded,
    ) -> u64 {
        self.added += 1;
        let holder = LocalHolder {
            number: self.added,
            site: request.site,
            since,
            token: recorded.token,
            permits: request.permits,
            abandoned_by: recorded.abandoned_by.clone(),
            guards: 1,
            is_abandoned: false,
        };
        if self.first.is_none() {
            self.first = Some(holder);
        } else {
            self.others.push(holder.number, holder);
        }
        self.added
    }

    /// Adds a guard to a holder, and returns its token; `None` if the holder is gone.
    pub(super) fn add_guard(&mut self, number: u64) -> Option<u64> {
        let holder = self.get_mut(number)?;
        holder.guards += 1;
        Some(holder.token)
    }

    /// Removes a guard, and its holder with the last one.
    pub(super) fn remove_guard(&mut self, number: u64, outcome: Outcome) -> Option<FormerHolder> {
        let holder = self.get_mut(number).expect("a guard is released once");
        holder.guards -= 1;
        holder.is_abandoned |= outcome == Outcome::Abandoned;
        if holder.guards > 0 {
            return None;
        }
        let since = holder.since;
        let abandoned_by = holder.is_abandoned.then(|| holder.first_to_abandon());
        self.remove(number);
        Some(FormerHolder { since, abandoned_by })
    }

    /// Where the acquisition of a holder was made.
    pub(super) fn site(&self, number: u64) -> Option<Site> {
        self.get(number).map(|holder| holder.site)
    }

    /// Whether a holder has one guard.
    pub(super) fn has_one_guard(&self, number: u64) -> bool {
        self.get(number).is_some_and(|holder| holder.guards == 1)
    }

    fn get(&self, number: u64) -> Option<&LocalHolder> {
        let first = self.first.as_ref().filter(|first| first.number == number);
        first.or_else(|| self.others.get(number))
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut LocalHolder> {
        if self.first.as_ref().is_some_and(|first| first.number == number) {
            return self.first.as_mut();
        }
        self.others.get_mut(number)
    }

    fn remove(&mut self, number: u64) {
        if self.first.as_ref().is_some_and(|first| first.number == number) {
            self.first = self.others.pop_first();
        } else {
            self.others.remove(number);
        }
    }

    /// Whether the first of the holders has this number.
    pub(super) fn is_first(&self, number: u64) -> bool {
        self.first.as_ref().is_some_and(|first| first.number == number)
    }

    /// How many permits the lock has for the first of the holders.
    pub(super) fn permits(&self) -> Option<u16> {
        self.first.as_ref().map(|first| first.permits)
    }

    /// The first of the holders.
    pub(super) fn first(&self) -> Option<Holder> {
        self.first.as_ref().map(LocalHolder::to_holder)
    }
}

#[cfg(test)]
impl Holders {
    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    #[cfg(not(shuttle))]
    pub(super) fn first_number(&self) -> u64 {
        self.first.as_ref().expect("the lock is held").number
    }
}

impl LocalHolder {
    fn first_to_abandon(&self) -> Box<Holder> {
        self.abandoned_by.clone().unwrap_or_else(|| Box::new(self.to_holder()))
    }

    fn to_holder(&self) -> Holder {
        let permits = Some(self.permits);
        Holder { permits, ..Holder::in_this_process(&self.site, self.since, self.token) }
    }
}
