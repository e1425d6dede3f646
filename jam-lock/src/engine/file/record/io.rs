//! Reads and writes the start of a file, with one call each.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::format::MAX_LEN;
use crate::engine::file::syscall::{Syscall, retry};
use crate::engine::file::{open, platform};

/// Room for as much of a file as a record can have.
pub(super) struct Buffer([u8; MAX_LEN]);

impl Buffer {
    pub(super) fn new() -> Self {
        Self([0; MAX_LEN])
    }
}

/// Reads the start of `file`.
pub(super) fn read<'buffer>(file: &File, buffer: &'buffer mut Buffer) -> io::Result<&'buffer [u8]> {
    let length = read_into(file, &mut buffer.0)?;
    Ok(&buffer.0[..length])
}

/// Reads as much of the start of `file` as `bytes` have room for, and returns how much that is.
pub(super) fn read_into(file: &File, bytes: &mut [u8]) -> io::Result<usize> {
    retry(Syscall::Read, file, || platform::read_at_start(file, bytes))
}

/// Reads the start of the file at `path`, and closes it: Windows cannot remove an open file.
pub(super) fn read_path<'buffer>(
    path: &Path,
    buffer: &'buffer mut Buffer,
) -> io::Result<&'buffer [u8]> {
    let file = open::read_only(path)?;
    // A file that is not regular may have no end.
    if !metadata(&file)?.is_file() {
        return Err(ErrorKind::InvalidInput.into());
    }
    read(&file, buffer)
}

/// Writes `text` to the start of `file`.
///
/// # Errors
/// [`ErrorKind::WriteZero`] if only a part of it was written.
pub(super) fn write(file: &File, text: &[u8]) -> io::Result<()> {
    let written = retry(Syscall::Write, file, || platform::write_at(file, text, 0))?;
    if written == text.len() { Ok(()) } else { Err(ErrorKind::WriteZero.into()) }
}

pub(super) fn metadata(file: &File) -> io::Result<Metadata> {
    retry(Syscall::Metadata, file, || file.metadata())
}
