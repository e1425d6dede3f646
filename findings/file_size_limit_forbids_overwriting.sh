#!/usr/bin/env bash
# RLIMIT_FSIZE (`ulimit -f`) also forbids overwriting bytes that are already in a file.
#
# setrlimit(2) mentions only attempts to extend a file beyond the limit. But Linux checks where a write
# ends: a write in place, which does not change the size, fails with EFBIG beyond the limit, or is cut
# short at it. SIGXFSZ kills the process unless it ignores that signal, as Python does. So a program
# must check the limit even if it only updates a record of fixed size.
#
# Seen with Linux 6.18 on ext4 and tmpfs, and CPython 3.11:
#     10 bytes, limit 0, 1 byte written at 0: EFBIG
#     10 bytes, limit 4, 10 bytes written at 0: 4 written
#     10 bytes, limit 10, 10 bytes written at 0: 10 written
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
uname -sr
python3 --version

python3 - "$folder/file" <<'PROGRAM' | tee "$folder/seen"
import errno, os, resource, sys

hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for limit, length in [(0, 1), (4, 10), (10, 10)]:
    file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(file, b"0123456789")
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        result = f"{os.pwrite(file, b'x' * length, 0)} written"
    except OSError as error:
        result = errno.errorcode[error.errno]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    os.close(file)
    bytes = "1 byte" if length == 1 else f"{length} bytes"
    print(f"10 bytes, limit {limit}, {bytes} written at 0: {result}", flush=True)
PROGRAM

diff - "$folder/seen" <<'EXPECTED'
10 bytes, limit 0, 1 byte written at 0: EFBIG
10 bytes, limit 4, 10 bytes written at 0: 4 written
10 bytes, limit 10, 10 bytes written at 0: 10 written
EXPECTED
echo "unchanged"
