"""A file system in user space that shows a folder, where a file has another inode number at each look."""

import itertools
import os
import sys

try:
    from fusepy import FUSE, FuseOSError, Operations  # as Debian names it
except ImportError:
    from fuse import FUSE, FuseOSError, Operations

NUMBERS = itertools.count(1000)
ATTRIBUTES = "st_atime st_ctime st_gid st_mode st_mtime st_nlink st_size st_uid".split()


class UnstableInodes(Operations):
    def __init__(self, source):
        self.source = source

    def __call__(self, operation, path, *arguments):
        try:
            return getattr(self, operation)(self.source + path, *arguments)
        except OSError as error:
            raise FuseOSError(error.errno) from error

    def getattr(self, path, handle=None):
        found = os.lstat(path)
        return {name: getattr(found, name) for name in ATTRIBUTES} | {"st_ino": next(NUMBERS)}

    def access(self, path, mode):
        return 0

    def readdir(self, path, handle):
        return [".", "..", *os.listdir(path)]

    def open(self, path, flags):
        return os.open(path, os.O_RDWR)

    def create(self, path, mode, info=None):
        return os.open(path, os.O_RDWR | os.O_CREAT, mode)

    def read(self, path, size, offset, handle):
        return os.pread(handle, size, offset)

    def write(self, path, data, offset, handle):
        return os.pwrite(handle, data, offset)

    def release(self, path, handle):
        os.close(handle)

    def unlink(self, path):
        os.unlink(path)


source, mount = map(os.path.abspath, sys.argv[1:])
FUSE(UnstableInodes(source), mount, nothreads=True, use_ino=True, attr_timeout=0, entry_timeout=0)
