//! Who started whom, by Linux's proc(5).

use std::fs;
use std::iter;

/// A process as a shell sees it. Of whoever is outside of this process id namespace, all is 0.
#[cfg_attr(not(unix), expect(dead_code, reason = "Ctrl-Z stops nobody there"))]
pub(crate) struct Process {
    pub(crate) id: u32,
    pub(crate) group: u32,
    pub(crate) session: u32,
    parent: u32,
}

impl Process {
    /// This one, where the system tells.
    pub(crate) fn this() -> Option<Self> {
        Self::of(std::process::id())
    }

    /// Who started it, who started that one, and so on.
    pub(crate) fn ancestors(&self) -> impl Iterator<Item = Self> {
        iter::successors(Self::of(self.parent), |process| Self::of(process.parent))
    }

    /// All that is running of what it, or what that, has started.
    pub(crate) fn descendants(&self) -> Vec<Self> {
        let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_below = |process: &Self| process.ancestors().any(|above| above.id == self.id);
        ids.filter_map(Self::of).filter(is_below).collect()
    }

    /// One of this process id namespace, where the system tells.
    pub(crate) fn of(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The second field is the program, in parentheses, and may have any character.
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut numbers = fields.split(' ').skip(1).map(|field| field.parse().ok());
        let mut next = || numbers.next().flatten();
        Some(Self { id, parent: next()?, group: next()?, session: next()? })
    }
}
