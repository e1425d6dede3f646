"""Measures a lock of Python in one role, as the Rust program does with the others."""

import importlib.util
import os
import sys
import threading
import time

role, module, path = sys.argv[1:4]

if module == "jam":
    # Jam.py's own copy, without importing the rest of Jam.py.
    folder = importlib.util.find_spec("jam").submodule_search_locations[0]
    copy = os.path.join(folder, "third_party", "filelock.py")
    spec = importlib.util.spec_from_file_location("jam_filelock", copy)
    library = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(library)
else:
    library = importlib.import_module(module)


def report(value):
    print(value, flush=True)


def acquire():
    lock = library.FileLock(path, timeout=60)
    for line in sys.stdin:
        times = int(line)
        start = time.perf_counter_ns()
        for _ in range(times):
            with lock:
                pass
        report((time.perf_counter_ns() - start) // times)


def wait():
    lock = library.FileLock(path, timeout=60)
    for _ in sys.stdin:
        with lock:
            now = time.time_ns()
        report(now)


def wait_cost():
    lock = library.FileLock(path, timeout=60)
    for _ in sys.stdin:
        before = time.process_time_ns()
        with lock:
            spent = time.process_time_ns() - before
        report(spent)


def sections():
    for line in sys.stdin:
        threads, milliseconds, microseconds = map(int, line.split())
        results = []

        def take_turns():
            lock = library.FileLock(path, timeout=60)
            end = time.perf_counter_ns() + milliseconds * 1_000_000
            count = longest = 0
            while (requested := time.perf_counter_ns()) < end:
                with lock:
                    inside = time.perf_counter_ns()
                    longest = max(longest, inside - requested)
                    while time.perf_counter_ns() < inside + microseconds * 1_000:
                        pass
                    count += 1
            results.append(f"{count} {longest}")

        workers = [threading.Thread(target=take_turns) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        report(" ".join(results))


{"acquire": acquire, "wait": wait, "wait cost": wait_cost, "sections": sections}[role]()
