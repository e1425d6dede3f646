//! The file of a keyed lock, which is removed after its use.

use std::mem;

use super::FileClaim;
use crate::engine::file::keyed_cleanup;
use crate::engine::{Claim, Mode};

impl FileClaim {
    /// Notes whether other processes use a keyed lock, whose file is then removed later.
    pub(super) fn note_contention(&mut self, mode: Mode, is_locked: bool) {
        if !self.name.is_keyed() {
            return;
        }
        let is_new = self.handle(mode).0.is_new();
        let path = &self.spec.path;
        let is_contended = self.is_contended.unwrap_or_else(|| {
            // An existing file may be left over from a process that died long ago.
            let is_shared = !is_new && keyed_cleanup::is_in_recent_use(path).unwrap_or(true);
            keyed_cleanup::is_used_again(path) || is_shared
        });
        self.is_contended = Some(is_contended || !is_locked);
    }
}

impl Drop for FileClaim {
    fn drop(&mut self) {
        if !self.name.is_keyed() || self.check_process().is_err() {
            return;
        }
        self.record.close();
        if self.exclusive.is_unreliable() || self.shared.is_unreliable() {
            // Others might not notice that the file was removed.
            return;
        }
        let Some(is_contended) = self.is_contended else { return };
        let was_replaced = self.exclusive.was_replaced() || self.shared.was_replaced();
        let file = self.exclusive.take().or(self.shared.take());
        if is_contended || was_replaced || !self.record.save_token_floor() {
            keyed_cleanup::remove_later(mem::take(&mut self.spec.path));
        } else if let Some(file) = file {
            keyed_cleanup::remove(file, &self.spec.path);
        }
    }
}
