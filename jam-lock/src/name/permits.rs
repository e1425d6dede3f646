//! Names with permits, and the names of the locks that stand for their permits.
//!
//! The first permit is the lock of the name itself, so that programs that know nothing of permits see it.
//! The others have names that nobody can declare or make, because [`PERMIT`] is in no other name.

use super::portable::PERMIT;
use super::{Declaration, LockName, Text};
use crate::error::LockError;

/// The greatest number of permits: a waiter waits for each of them at once.
const MOST: u16 = 255;

impl LockName {
    /// The same name, with this many permits: as many holders at once, of all threads, tasks and processes
    /// together.
    ///
    /// A name without a number has one permit. All programs that use the name must give it the same
    /// number, as `"export" = 3` in a [`lock_names!`](crate::lock_names) does for a whole application;
    /// [the guide](crate::guide::permits) says what happens otherwise.
    ///
    /// # Errors
    /// [`LockError::Name`] if there are no permits, or more than 255.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks};
    ///
    /// let locks = Locks::temporary()?;
    /// let lock = locks.lock(LockName::new("export")?.with_permits(2)?);
    /// let guards = [lock.try_acquire()?, lock.try_acquire()?];
    /// assert_eq!(guards.each_ref().map(|guard| guard.permit()), [1, 2]);
    /// assert!(lock.try_acquire().is_err_and(|error| error.is_timeout()));
    /// # Ok::<(), jam_lock::LockError>(())
    /// ```
    #[doc(alias = "semaphore")]
    pub fn with_permits(self, permits: u32) -> Result<Self, LockError> {
        if let Ok(permits @ 1..=MOST) = u16::try_from(permits) {
            return Ok(self.of_permits(permits));
        }
        let reason = format!("it has {permits} permits; there can be 1 to {MOST}");
        Err(LockError::Name { name: self.to_string(), reason })
    }

    /// How many holders of the lock there may be at once; see [`LockName::with_permits`].
    #[must_use]
    pub const fn permits(&self) -> u32 {
        self.declaration.permits as u32
    }

    /// The number of permits, as it is recorded.
    pub(crate) const fn permit_count(&self) -> u16 {
        self.declaration.permits
    }

    /// The same name, with a number of permits that `lock_names!` has checked.
    pub(crate) const fn of_permits(mut self, permits: u16) -> Self {
        self.declaration.permits = permits;
        self
    }

    /// The name of the lock that stands for one of the permits, which count from 1.
    pub(crate) fn of_permit(&self, permit: u16) -> Self {
        let declaration = Declaration { permit, permits: 1, ..self.declaration };
        let text = match permit {
            1 => self.text.clone(),
            _ => Text::made(format!("{self}{PERMIT}{permit}"), self.keys().to_vec()),
        };
        Self { text, declaration }
    }

    /// Which permit of a name the lock with this name stands for; 1 for the lock of a name itself.
    pub(crate) fn permit(&self) -> u16 {
        self.declaration.permit
    }

    /// The name without the number of the permit.
    pub(crate) fn without_permit(&self) -> Self {
        let text = match split_permit(self.as_str()) {
            Some((name, _)) => Text::made(name.to_owned(), self.keys().to_vec()),
            None => self.text.clone(),
        };
        let declaration = Declaration { permit: 1, ..self.declaration };
        Self { text, declaration }
    }

    /// The name of a lock as an engine lists it, which may be that of a permit.
    pub(crate) fn listed(text: &str) -> Result<Self, LockError> {
        let Some((name, permit)) = split_permit(text) else { return Self::new(text) };
        Ok(Self::new(name)?.of_permit(permit))
    }
}

/// The name and the number of the permit that the lock called `text` stands for, if it does.
pub(crate) fn split_permit(text: &str) -> Option<(&str, u16)> {
    let (name, number) = text.rsplit_once(PERMIT)?;
    let permit = number.parse().ok().filter(|permit| (2..=MOST).contains(permit))?;
    (number == permit.to_string()).then_some((name, permit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_permit_is_the_lock_of_the_name_itself() {
        let name = LockName::new("export").unwrap().with_permits(3).unwrap();
        let permits = [1, 2, 3].map(|permit| name.of_permit(permit).to_string());
        assert_eq!(permits, ["export", "export%~2", "export%~3"]);
    }

    #[test]
    fn no_name_can_be_that_of_a_permit() {
        let name = LockName::new("export").unwrap().of_permit(2);
        assert!(matches!(LockName::new(name.as_str()), Err(LockError::Name { .. })));
        assert_eq!(LockName::listed(name.as_str()).unwrap().permit(), 2);
        assert_eq!(name.without_permit().as_str(), "export");
        let keyed = LockName::keyed(&["a", ""], "names", 0, &[&"%~2"]);
        assert_eq!(split_permit(keyed.as_str()), None, "{keyed}");
    }

    #[test]
    fn there_are_permits_for_1_to_255_holders() {
        let name = || LockName::new("export").unwrap();
        assert_eq!(name().permits(), 1);
        for permits in [1, 255] {
            assert_eq!(name().with_permits(permits).unwrap().permits(), permits);
        }
        for permits in [0, 256, 65_537] {
            assert!(name().with_permits(permits).is_err(), "{permits}");
        }
    }
}
