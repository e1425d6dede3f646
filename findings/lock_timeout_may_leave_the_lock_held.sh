#!/usr/bin/env bash
# PostgreSQL: a wait for an advisory lock that fails by `lock_timeout` may leave the session holding it.
#
# If the lock is released at the moment of the timeout, the server grants it, and then cancels the
# statement all the same. Ending the transaction releases what belongs to it; a session-level lock does
# not, so it stays. A client that takes the error at its word waits again: it then holds the lock twice,
# and one unlock leaves it held. After such an error, look for the session's own lock in pg_locks.
#
# Seen with PostgreSQL 16.2 (of pgserver 0.1.4) and psycopg 3.2.3, within 100 to 400 tries:
#     the statement failed: canceling statement due to lock timeout
#     the session holds the lock: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet --disable-pip-version-check \
    pgserver==0.1.4 'psycopg[binary]==3.2.3'

"$folder/python/bin/python" -W ignore - "$folder/data" <<'PROGRAM' | tee "$folder/seen"
import sys
import threading
import time

import pgserver
import psycopg

TIMEOUT = 0.010
server = pgserver.get_server(sys.argv[1])


def connect():
    return psycopg.connect(server.get_uri(), autocommit=True)


def release_after(delay):
    until = time.perf_counter() + delay
    while time.perf_counter() < until:
        pass
    holder.execute("SELECT pg_advisory_unlock(7)")


holder, waiter = connect(), connect()
waiter.execute("SET lock_timeout = '10ms'")
delay = TIMEOUT
end = time.monotonic() + 120
while time.monotonic() < end:
    holder.execute("SELECT pg_advisory_lock(7)")
    release = threading.Thread(target=release_after, args=(delay,))
    release.start()
    error = None
    try:
        waiter.execute("SELECT pg_advisory_lock(7)")
    except psycopg.errors.LockNotAvailable as failure:
        error = str(failure).splitlines()[0]
    release.join()
    own = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    held = waiter.execute(own).fetchone()[0]
    waiter.execute("SELECT pg_advisory_unlock_all()")
    if error and held:
        print("the statement failed:", error)
        print("the session holds the lock:", held == 1)
        break
    # This approaches the moment at which the timeout and the release coincide.
    delay += -0.00005 if error else 0.00005
server.cleanup()
PROGRAM

diff - "$folder/seen" <<'EXPECTED'
the statement failed: canceling statement due to lock timeout
the session holds the lock: True
EXPECTED
echo "unchanged"
