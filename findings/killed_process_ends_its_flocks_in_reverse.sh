#!/usr/bin/env bash
# Linux ends the flocks of a killed process from its last descriptor to its first, and its POSIX locks the
# other way round.
#
# An exiting process closes its descriptors in ascending order, and that ends its fcntl(2) locks in the same
# order. But flock(2) locks end with the open file, whose last reference is given up later, by work that the
# kernel keeps in a list and does last in, first out. So whoever takes an inner lock and then relies on the
# outer one, which the same dead process had opened before, can meet it still held. close(2) by the process
# itself ends each lock at once.
#
# Seen with filelock 3.25.0, CPython 3.11 and Linux 6.18; which of two locks was free before the other, in 40
# processes that were killed with 18,000 other files open between the two:
#     flock, killed: second
#     fcntl, killed: first
# Needs a limit of 20,000 open files (ulimit -Hn).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet --disable-pip-version-check filelock==3.25.0
uname -sr
"$folder/python/bin/python" --version

cat >"$folder/holder.py" <<'PROGRAM'
import fcntl, os, resource, sys, time

from filelock import FileLock

kind, first, last = sys.argv[1:]
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def hold(path):
    if kind == "flock":
        lock = FileLock(path)
        lock.acquire()
        return lock
    file = open(path, "w")
    fcntl.lockf(file, fcntl.LOCK_EX)
    return file


held = [hold(first)]
between = [os.open(first + ".other", os.O_RDWR | os.O_CREAT) for _ in range(18_000)]
held.append(hold(last))
print("held", flush=True)
time.sleep(3600)
PROGRAM

cat >"$folder/observer.py" <<'PROGRAM'
import collections, fcntl, os, subprocess, sys

folder = sys.argv[1]


def is_free(kind, file):
    lock = fcntl.flock if kind == "flock" else fcntl.lockf
    try:
        lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    lock(file, fcntl.LOCK_UN)
    return True


for kind in ["flock", "fcntl"]:
    seen = collections.Counter()
    for _ in range(40):
        paths = [os.path.join(folder, name) for name in ("first", "second")]
        holder = subprocess.Popen(
            [sys.executable, os.path.join(folder, "holder.py"), kind, *paths],
            stdout=subprocess.PIPE,
        )
        assert holder.stdout.readline() == b"held\n"
        files = [open(path, "w") for path in paths]
        holder.kill()
        free = [False, False]
        # The second look at the first lock is needed: both may end between the other two.
        while not any(free):
            free = [is_free(kind, file) for file in files]
            if free[1] and not free[0]:
                free[0] = is_free(kind, files[0])
        holder.wait()
        seen["both" if all(free) else ["first", "second"][free[1]]] += 1
    if seen["first"] and seen["second"]:
        print(f"{kind}, killed: now the one, now the other")
    else:
        print(f"{kind}, killed: {next((which for which in seen if which != 'both'), 'both')}")
    print(f"{kind}: {dict(seen)}", file=sys.stderr)
PROGRAM
"$folder/python/bin/python" "$folder/observer.py" "$folder" | tee "$folder/seen"

diff - "$folder/seen" <<'EXPECTED'
flock, killed: second
fcntl, killed: first
EXPECTED
echo "unchanged"
