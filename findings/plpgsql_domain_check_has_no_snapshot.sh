#!/usr/bin/env bash
# PostgreSQL: a PL/pgSQL variable of a domain is checked without a snapshot after COMMIT, and no
# function is called without one.
#
# A statement that waits in pg_advisory_lock keeps a snapshot for as long as it waits, so VACUUM keeps
# what died since, and CREATE INDEX CONCURRENTLY waits for it. In a DO block the snapshot ends at a
# COMMIT, but the first expression after that takes a new one, even if it only calls a function that is
# declared IMMUTABLE. A block that declares a variable of a domain, without a value, runs the domain's
# CHECK for NULL, and takes no snapshot for that: a wait in there stands in nobody's way, once the
# catalogs that it needs are in the session's cache (so the block is entered twice).
#
# Seen with PostgreSQL 16.2 (of pgserver 0.1.4) and psycopg 3.2.3:
#     a query: the waiter keeps a snapshot: True
#     an immutable function after COMMIT: the waiter keeps a snapshot: True
#     a domain's check after COMMIT: the waiter keeps a snapshot: False
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

SETUP = """
CREATE FUNCTION await_key(key bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
    'BEGIN RETURN pg_advisory_lock(key) IS NULL; END';
CREATE DOMAIN awaited AS text
    CHECK (pg_advisory_lock(current_setting('demo.key')::bigint) IS NOT NULL)
"""

# Each waits for the lock 1, which is free, and then for the lock 7, which is not.
WAITS = {
    "a query": "SELECT pg_advisory_lock(7)",
    "an immutable function after COMMIT": """
        DO $$ DECLARE key bigint := 1; done boolean; BEGIN
            LOOP
                COMMIT;
                done := await_key(key);
                EXIT WHEN key = 7;
                key := 7;
            END LOOP;
        END $$""",
    "a domain's check after COMMIT": """
        DO $$ DECLARE key text; BEGIN
            FOREACH key IN ARRAY '{1,7}'::text[] LOOP
                PERFORM set_config('demo.key', key, false);
                COMMIT;
                DECLARE variable awaited; BEGIN END;
            END LOOP;
        END $$""",
}

server = pgserver.get_server(sys.argv[1])


def connect():
    return psycopg.connect(server.get_uri(), autocommit=True)


observer, holder = connect(), connect()
observer.execute(SETUP)
for title, wait in WAITS.items():
    holder.execute("SELECT pg_advisory_lock(7)")
    waiter = connect()
    waiting = threading.Thread(target=waiter.execute, args=(wait,))
    waiting.start()
    seen = None
    while seen is None:
        time.sleep(0.1)
        seen = observer.execute(
            "SELECT backend_xmin IS NOT NULL FROM pg_stat_activity "
            "WHERE pid = %s AND wait_event = 'advisory'",
            (waiter.info.backend_pid,),
        ).fetchone()
    print(f"{title}: the waiter keeps a snapshot: {seen[0]}", flush=True)
    holder.execute("SELECT pg_advisory_unlock(7)")
    waiting.join()
    waiter.close()
server.cleanup()
PROGRAM

diff - "$folder/seen" <<'EXPECTED'
a query: the waiter keeps a snapshot: True
an immutable function after COMMIT: the waiter keeps a snapshot: True
a domain's check after COMMIT: the waiter keeps a snapshot: False
EXPECTED
echo "unchanged"
