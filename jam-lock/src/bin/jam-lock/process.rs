//! The process tree, from Linux's `proc(5)`.

use std::fs;
use std::iter;

/// A process as a shell sees it. All ids are 0 for one outside of this PID namespace.
#[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has job control"))]
pub(crate) struct Process {
    pub(crate) id: u32,
    pub(crate) group: u32,
    pub(crate) session: u32,
    parent: u32,
}

impl Process {
    /// This process; only Linux shows it.
    pub(crate) fn this() -> Option<Self> {
        Self::find(std::process::id())
    }

    /// Its parent, the parent's parent, and so on.
    pub(crate) fn ancestors(&self) -> impl Iterator<Item = Self> {
        iter::successors(Self::find(self.parent), |process| Self::find(process.parent))
    }

    /// Its running children, their children, and so on.
    #[cfg(unix)]
    pub(crate) fn descendants(&self) -> Vec<Self> {
        let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_below = |process: &Self| process.ancestors().any(|above| above.id == self.id);
        ids.filter_map(Self::find).filter(is_below).collect()
    }

    /// The process `id` of this PID namespace; only Linux shows it.
    pub(crate) fn find(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The second field is the program in parentheses, which may contain any character.
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut numbers = fields.split(' ').skip(1).map(|field| field.parse().ok());
        let mut next = || numbers.next().flatten();
        Some(Self { id, parent: next()?, group: next()?, session: next()? })
    }
}
