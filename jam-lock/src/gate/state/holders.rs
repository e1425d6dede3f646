//! Who of this process is inside.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::engine::Recorded;
use crate::gate::Outcome;
use crate::holder::Holder;
use crate::site::Site;

/// A holder of this process.
struct Resident {
    number: u64,
    site: Site,
    since: Instant,
    token: u64,
    /// Who had died there before.
    found: Option<Box<Holder>>,
    /// How many guards stand for it.
    guards: usize,
    is_abandoned: bool,
}

/// One writer, or some readers, in the order in which they came.
#[derive(Default)]
pub(super) struct Inside {
    /// Apart, because most often it is alone.
    first: Option<Resident>,
    others: BTreeMap<u64, Resident>,
    entered: u64,
}

impl Inside {
    /// Notes who has come, and gives it a number.
    pub(super) fn enter(&mut self, site: Site, since: Instant, recorded: &Recorded) -> u64 {
        self.entered += 1;
        let Recorded { token, abandoned_by, .. } = recorded;
        let (number, token, found) = (self.entered, *token, abandoned_by.clone());
        let (guards, is_abandoned) = (1, false);
        let resident = Resident { number, site, since, token, found, guards, is_abandoned };
        if self.first.is_none() {
            self.first = Some(resident);
        } else {
            self.others.insert(number, resident);
        }
        number
    }

    /// Notes one more guard of somebody who is still there, and tells the token.
    pub(super) fn reenter(&mut self, number: u64) -> Option<u64> {
        let resident = self.get(number)?;
        resident.guards += 1;
        Some(resident.token)
    }

    /// Notes one guard less. Of who goes with the last one it tells since when it was there; and
    /// where it has left the lock abandoned, who the next holder is to be told of: who died first.
    pub(super) fn leave(
        &mut self,
        number: u64,
        left: Outcome,
    ) -> Option<(Instant, Option<Box<Holder>>)> {
        let resident = self.get(number).expect("who is inside leaves once");
        resident.guards -= 1;
        resident.is_abandoned |= left == Outcome::Abandoned;
        if resident.guards > 0 {
            return None;
        }
        let since = resident.since;
        let holder = resident.is_abandoned.then(|| resident.found_or_itself());
        self.remove(number);
        Some((since, holder))
    }

    fn get(&mut self, number: u64) -> Option<&mut Resident> {
        if self.first.as_ref().is_some_and(|first| first.number == number) {
            return self.first.as_mut();
        }
        self.others.get_mut(&number)
    }

    fn remove(&mut self, number: u64) {
        if self.first.as_ref().is_some_and(|first| first.number == number) {
            self.first = self.others.pop_first().map(|(_, resident)| resident);
        } else {
            self.others.remove(&number);
        }
    }

    /// The first who is there.
    pub(super) fn first(&self) -> Option<Holder> {
        self.first.as_ref().map(Resident::holder)
    }
}

#[cfg(all(test, not(shuttle)))]
impl Inside {
    pub(super) fn first_number(&self) -> u64 {
        self.first.as_ref().expect("somebody is inside").number
    }
}

impl Resident {
    fn found_or_itself(&self) -> Box<Holder> {
        self.found.clone().unwrap_or_else(|| Box::new(self.holder()))
    }

    fn holder(&self) -> Holder {
        Holder::in_this_process(&self.site, self.since, self.token)
    }
}
