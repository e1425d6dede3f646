#!/usr/bin/env bash
# On a file system that uses libfuse 2, setting one of a file's two times succeeds and changes nothing.
#
# utimensat(2) sets the access time, the modification time, or both; `touch -m` and Rust's
# File::set_modified set one. The high-level interface of libfuse 2 calls the file system only if both are
# set, because `utimens` has no way to leave one out. For one, it returns success without a call. So a
# program that marks a file by its modification time must set both, or read it back.
#
# Seen with libfuse 2.9.9 (Debian 12), fusepy 3.0.1 and Linux 6.18:
#     touch -m: status 0, times set: none
#     touch: status 0, times set: both
# Needs Debian, /dev/fuse and fusermount.
set -euo pipefail
folder=$(mktemp -d)
cleanup() {
    fusermount -uq "$folder/mount" || true
    rm -rf "$folder"
}
trap cleanup EXIT
mkdir "$folder/source" "$folder/mount"
echo content >"$folder/source/file"
(cd "$folder" && apt-get download -qq libfuse2 && dpkg-deb -x libfuse2_*.deb libfuse)
ls "$folder" | grep '^libfuse2_'
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet --disable-pip-version-check fusepy==3.0.1
uname -sr

cat >"$folder/pass_through.py" <<'PROGRAM'
import os, sys
from fuse import FUSE, Operations

FIELDS = "st_atime st_ctime st_gid st_mode st_mtime st_nlink st_size st_uid".split()


class PassThrough(Operations):
    def getattr(self, path, handle=None):
        found = os.lstat(sys.argv[1] + path)
        return {field: getattr(found, field) for field in FIELDS}

    def utimens(self, path, times=None):
        os.utime(sys.argv[1] + path, times)


FUSE(PassThrough(), sys.argv[2], foreground=True, nothreads=True)
PROGRAM
FUSE_LIBRARY_PATH=$(echo "$folder"/libfuse/lib/*/libfuse.so.2) \
    "$folder/python/bin/python" "$folder/pass_through.py" "$folder/source" "$folder/mount" &
until mountpoint -q "$folder/mount"; do sleep 0.1; done

for options in "-m" ""; do
    status=0
    touch $options -d 2001-01-01T00:00:00Z "$folder/mount/file" || status=$?
    times=both
    [ "$(stat -c %Y "$folder/source/file")" = 978307200 ] || times=none
    echo "touch${options:+ $options}: status $status, times set: $times"
done | tee "$folder/seen"

diff - "$folder/seen" <<'EXPECTED'
touch -m: status 0, times set: none
touch: status 0, times set: both
EXPECTED
echo "unchanged"
