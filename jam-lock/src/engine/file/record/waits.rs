//! What the owner of a held lock waits for, beside the record of that lock: written while the owner
//! waits, and only then.
//!
//! It is diagnosis, so an error is ignored: then nobody learns of the wait.

use std::fs::File;
use std::io;
use std::path::Path;

use super::HolderRecord;
use super::abandonment::AbandonmentMark;
use super::file_size_limit;
use super::format::{Content, MAX_LEN, Record, waits};
use super::record_file::{RecordFile, folder_of};
use crate::engine::RecordedWait;
use crate::engine::file::syscall::{Syscall, retry};
use crate::engine::file::{open, platform};

impl HolderRecord {
    /// Records what the holder waits for, which is recorded itself.
    pub(in crate::engine::file) fn record_waits(&mut self, found: &[RecordedWait]) {
        let is_recorded = self.is_recorded && self.mark == AbandonmentMark::Set;
        let Some(file) = self.file.as_mut().filter(|_| is_recorded) else { return };
        let text = match file.held_token() {
            Some(token) if !found.is_empty() => {
                waits::text(token, found, &folder_of(&self.spec.path))
            }
            _ => Vec::new(),
        };
        // What another holder has written is left alone.
        if !file.was_written_by_another() {
            file.write_waits(&text);
        }
    }
}

impl RecordFile {
    /// Writes `text` behind the texts of the record, instead of what was there.
    fn write_waits(&self, text: &[u8]) {
        if !self.is_writable() {
            return;
        }
        let start = self.length_of_texts();
        if !text.is_empty() {
            // A text that is cut short does not fit its check.
            let _ = write_at(self.file(), text, start);
        }
        let end = start + text.len();
        if set_length(self.file(), end).is_err() {
            // What is there must not count any longer.
            let _ = write_at(self.file(), b"-", end);
        }
    }
}

fn write_at(file: &File, text: &[u8], start: usize) -> io::Result<usize> {
    file_size_limit::check(start + text.len())?;
    retry(Syscall::Write, file, || platform::write_at(file, text, start as u64))
}

fn set_length(file: &File, length: usize) -> io::Result<()> {
    retry(Syscall::Truncate, file, || file.set_len(length as u64))
}

/// The record at `path`, and what its holder waits for, read with one call.
pub(in crate::engine::file) fn read_waits(path: &Path) -> Option<(Record, Vec<RecordedWait>)> {
    let file = open::read_only(path).ok()?;
    if !retry(Syscall::Metadata, &file, || file.metadata()).ok()?.is_file() {
        return None;
    }
    let mut bytes = vec![0; waits::MAX_FILE];
    let length = retry(Syscall::Read, &file, || platform::read_at_start(&file, &mut bytes)).ok()?;
    let bytes = &bytes[..length];
    let Content::Record(record) = Content::parse(&bytes[..length.min(MAX_LEN)]) else {
        return None;
    };
    let token = record.token.filter(|_| record.holder.is_some());
    let found = token.map(|token| waits::parse(bytes, token, &folder_of(path)));
    Some((record, found.unwrap_or_default()))
}
