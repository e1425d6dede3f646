"""A Python process that does what a test tells it: child.py LIBRARY DO FILE ..."""

import importlib
import os
import sys
import time


def main(library, do, file, *arguments):
    module = importlib.import_module(library)
    {"hold": hold, "try": attempt, "count": count}[do](module, file, *arguments)


def hold(module, file):
    """Holds the lock until a line comes in."""
    with module.FileLock(file):
        say("held")
        sys.stdin.readline()
    say("released")


def attempt(module, file, timeout):
    """Says how it goes to wait for the lock for some seconds."""
    try:
        with module.FileLock(file, float(timeout)):
            say("acquired")
    except module.Timeout:
        say("timed out")


def count(module, file, party, times):
    """Adds to a counter file, and writes down its turn each time."""
    folder = os.path.dirname(file)
    counter, inside, turns = (os.path.join(folder, name) for name in ("counter", "inside", "turns"))
    lock = module.FileLock(file)
    say("ready")
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
    say("done")


def say(what):
    print(what, flush=True)


main(*sys.argv[1:])
