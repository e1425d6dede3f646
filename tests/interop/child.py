"""A Python process that a test controls: child.py LIBRARY ACTION FILE ..."""

import importlib
import os
import sys


def main(library, action, file, *arguments):
    module = importlib.import_module(library)
    {"hold": hold, "try": attempt, "count": count}[action](module, file, *arguments)


def hold(module, file):
    """Holds the lock until a line comes in."""
    with module.FileLock(file):
        report("held")
        sys.stdin.readline()
    report("released")


def attempt(module, file, timeout):
    """Waits for the lock for some seconds, and prints whether it was acquired."""
    try:
        with module.FileLock(file, float(timeout)):
            report("acquired")
    except module.Timeout:
        report("timed out")


def count(module, file, party, times):
    """Adds to a counter file, and writes its name to the file `turns` each time."""
    folder = os.path.dirname(file)
    counter, inside, turns = (os.path.join(folder, name) for name in ("counter", "inside", "turns"))
    lock = module.FileLock(file)
    report("ready")
    sys.stdin.readline()
    for _ in range(int(times)):
        with lock:
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
            with open(counter) as stored:
                value = int(stored.read())
            with open(turns, "a") as written:
                written.write(party + "\n")
            with open(counter, "w") as stored:
                stored.write(str(value + 1))
            os.remove(inside)
    report("done")


def report(what):
    print(what, flush=True)


main(*sys.argv[1:])
