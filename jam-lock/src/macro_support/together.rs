//! The guards of a section with `guard = …` and several names: each has a place of its own type.
//!
//! The names and their guards are nested pairs, `(first, (second, ()))`, in the order in which they are
//! written. They are acquired in lock order, and released in reverse, as all locks are.

use super::proofs::{Named, Names};
use super::{Guards, Request};
use crate::context::Owner;
use crate::error::LockError;
use crate::guard::{LockGuard, LockGuards};
use crate::held::{Door, GuardKind};
use crate::lock_set::LockSet;
use crate::locks::Locks;
use crate::name::LockName;

/// Several names, each with a kind of guard.
pub trait SeveralNames: Names {
    /// A place for the guard of each name.
    type Places: Places;

    /// Appends the names in the order in which they are written.
    fn append_to(self, names: &mut Vec<LockName>);
}

impl Names for () {
    type Shared = ();

    fn shared(self) {}
}

impl SeveralNames for () {
    type Places = ();

    fn append_to(self, _: &mut Vec<LockName>) {}
}

impl<G: GuardKind, R: Names> Names for (Named<G>, R) {
    type Shared = (Named<G::Shared>, R::Shared);

    fn shared(self) -> Self::Shared {
        (self.0.shared(), self.1.shared())
    }
}

impl<G: GuardKind, R: SeveralNames> SeveralNames for (Named<G>, R) {
    type Places = (Place<G>, R::Places);

    fn append_to(self, names: &mut Vec<LockName>) {
        names.push(self.0.name);
        self.1.append_to(names);
    }
}

/// The guards of a name and of those after it.
type Acquired<G, R> = Together<(Place<G>, <R as SeveralNames>::Places)>;

impl<G: GuardKind, R: SeveralNames> Request<'_, (Named<G>, R)> {
    /// Acquires the locks for a section of this thread.
    ///
    /// # Errors
    /// As [`LockSet::acquire`].
    pub fn acquire(self) -> Result<Acquired<G, R>, LockError> {
        let (site, deadline) = (self.site, self.timeout.deadline());
        let (set, names) = self.lock_set()?;
        let guards = set.acquire_for(&Owner::thread_section(), site, deadline)?;
        Ok(Together::new(guards, &set, &names))
    }

    /// Acquires the locks for a section of the current task.
    ///
    /// # Errors
    /// As [`LockSet::acquire_async`].
    pub async fn acquire_async(self) -> Result<Acquired<G, R>, LockError> {
        let (site, deadline) = (self.site, self.timeout.deadline());
        let (set, names) = self.lock_set()?;
        let guards = set.acquire_async_for(&Owner::task_section(), site, deadline).await?;
        Ok(Together::new(guards, &set, &names))
    }

    fn lock_set(self) -> Result<(LockSet, Vec<LockName>), LockError> {
        let (options, at_most_every) = (self.options, self.at_most_every);
        let lock_all = |locks: &Locks, several: (Named<G>, R)| {
            let mut names = Vec::new();
            several.append_to(&mut names);
            (locks.lock_all(names.iter().cloned()), names)
        };
        let (set, names) = self.with_locks(lock_all)?;
        Ok((set.with_options(options, at_most_every)?, names))
    }
}

/// The guards of several names. Dropping it releases them, the last one first.
pub struct Together<P: Places> {
    places: P,
    /// How many guards there are: equal names have one.
    count: usize,
}

impl<P: Places> Together<P> {
    fn new(guards: LockGuards, set: &LockSet, names: &[LockName]) -> Self {
        let mut guards = guards.into_vec().into_iter().map(Some).collect::<Vec<_>>();
        let mut positions = names.iter().filter_map(|name| set.position(name));
        let mut places = P::new(&mut positions);
        // Another name may be equal to a declared one, which can only be proved by a guard with its name.
        places.fill(&mut guards, true);
        places.fill(&mut guards, false);
        Self { places, count: guards.len() }
    }

    /// References to the guards, one for each name, as nested pairs.
    pub fn proofs(&self) -> P::Proofs<'_> {
        self.places.proofs(&self.places)
    }
}

impl<P: Places> Drop for Together<P> {
    fn drop(&mut self) {
        (0..self.count).rev().for_each(|position| self.places.clear(position));
    }
}

impl<P: Places> Guards for Together<P> {
    fn get(&self, position: usize) -> Option<&LockGuard> {
        self.places.guard(position)
    }
}

/// Where the guard of one name is, unless an equal name has it.
pub struct Place<G> {
    /// The position of its lock in the order of acquisition.
    position: usize,
    guard: Option<G>,
}

/// The places of several names.
pub trait Places: Sized + Sync {
    /// References to the guards.
    type Proofs<'g>
    where
        Self: 'g;

    /// Empty places for locks at these positions.
    fn new(positions: &mut dyn Iterator<Item = usize>) -> Self;

    /// Moves the guards to their places: to those whose type has the name, or to the others.
    fn fill(&mut self, guards: &mut [Option<LockGuard>], has_name: bool);

    /// Drops the guard of the lock at `position`.
    fn clear(&mut self, position: usize);

    /// The guard of the lock at `position`.
    fn guard(&self, position: usize) -> Option<&LockGuard>;

    /// The guard of the lock at `position` as one of the kind `G`, if it is in a place of that kind.
    fn find<G: GuardKind>(&self, position: usize) -> Option<&G>;

    /// References to the guards, which are in one of the places of `all`.
    fn proofs<'g>(&'g self, all: &'g impl Places) -> Self::Proofs<'g>;
}

impl Places for () {
    type Proofs<'g> = ();

    fn new(_: &mut dyn Iterator<Item = usize>) -> Self {}

    fn fill(&mut self, _: &mut [Option<LockGuard>], _: bool) {}

    fn clear(&mut self, _: usize) {}

    fn guard(&self, _: usize) -> Option<&LockGuard> {
        None
    }

    fn find<G: GuardKind>(&self, _: usize) -> Option<&G> {
        None
    }

    fn proofs<'g>(&'g self, _: &'g impl Places) {}
}

impl<G: GuardKind, R: Places> Places for (Place<G>, R) {
    type Proofs<'g>
        = (&'g G, R::Proofs<'g>)
    where
        Self: 'g;

    fn new(positions: &mut dyn Iterator<Item = usize>) -> Self {
        let position = positions.next().expect("each name has a lock in the set");
        (Place { position, guard: None }, R::new(positions))
    }

    fn fill(&mut self, guards: &mut [Option<LockGuard>], has_name: bool) {
        let (place, rest) = self;
        if G::HAS_NAME == has_name {
            let guard = guards[place.position].take();
            place.guard = guard.map(|guard| G::from_guard(guard, Door::OPEN));
        }
        rest.fill(guards, has_name);
    }

    fn clear(&mut self, position: usize) {
        let (place, rest) = self;
        if place.position == position {
            place.guard = None;
        }
        rest.clear(position);
    }

    fn guard(&self, position: usize) -> Option<&LockGuard> {
        self.find::<LockGuard>(position)
    }

    fn find<T: GuardKind>(&self, position: usize) -> Option<&T> {
        let (place, rest) = self;
        let here = place.guard.as_ref().filter(|_| place.position == position);
        here.and_then(T::of_same_lock).or_else(|| rest.find(position))
    }

    fn proofs<'g>(&'g self, all: &'g impl Places) -> Self::Proofs<'g> {
        let (place, rest) = self;
        let proof = place.guard.as_ref().or_else(|| all.find(place.position));
        (proof.expect("equal names of one registry have one type"), rest.proofs(all))
    }
}
