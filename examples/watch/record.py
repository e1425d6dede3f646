#!/usr/bin/env python3
"""Records `jam-lock watch` while real processes contend for locks, as an animated SVG for the README.

    examples/watch/record.py                  # builds, and writes examples/watch/watch.svg
    examples/watch/record.py --programs target/debug --output /tmp/watch.svg --interval 0.2

Every frame is what the command drew on a pseudo-terminal of 80 columns. It needs Linux.
"""

import argparse
import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import threading
import time
from html import escape
from pathlib import Path

COLUMNS, ROWS = 80, 8
CELL, LINE, MARGIN = 8.4, 19, 14
REPOSITORY = Path(__file__).resolve().parents[2]

# The colours that the command uses, on a dark background.
CLASSES = {"1": "b", "31": "r", "32": "g", "33": "y", "34": "l", "35": "m", "36": "c", "2": "d"}
STYLE = """text{font:14px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#d0d7de;white-space:pre}
.t{fill:#8b949e}.b{font-weight:bold}.r{fill:#ff7b72}.g{fill:#7ee787}.y{fill:#e3b341}.l{fill:#79c0ff}
.m{fill:#d2a8ff}.c{fill:#76e3ea}.d{fill:#8b949e}
.f{visibility:hidden;animation:f %(total)ss step-end infinite}
@keyframes f{0%%{visibility:visible}%(share).3f%%{visibility:hidden}}
@media(prefers-reduced-motion:reduce){.f{animation:none}.still{visibility:visible}}"""


class Recording:
    """The command in a pseudo-terminal, and the frames that it draws."""

    def __init__(self, command, folder, interval):
        self.drawn, self.master = b"", None
        child, self.master = pty.fork()
        if child == 0:
            os.environ.update(TERM="xterm-256color", JAM_LOCK="locks")
            os.environ.pop("NO_COLOR", None)
            os.chdir(folder)
            # Until the terminal has its size.
            os.read(0, 1)
            os.execv(command, [command, "watch", "--interval", str(interval)])
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.write(self.master, b"\n")
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            while piece := os.read(self.master, 65536):
                self.drawn += piece
        except OSError:
            pass  # The command has ended.

    def frames(self):
        """The lines of each frame, whose rows were drawn from the top left corner."""
        frames = self.drawn.decode(errors="replace").split("\x1b[H")[1:]
        return [frame.split("\x1b[J")[0].replace("\x1b[K", "").split("\r\n") for frame in frames]

    def wait_for(self, what, *patterns):
        """Waits until a frame has a line for each pattern."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in (self.frames() or [[]])[-1]]
            if all(any(re.search(pattern, line) for line in lines) for pattern in patterns):
                return
            time.sleep(0.05)
        raise SystemExit(f"{what} was not seen in {lines}")


def contend(recording, start, pause):
    """What happens while it is recorded. Each step waits until the command shows the one before."""
    pause()
    printing = start("progress")
    recording.wait_for("a writer", r"^printer +writer")
    pause()
    waiting = [start("progress"), start("progress")]
    recording.wait_for("two waiters", r"^printer +writer +\d+ +\S+ s +2 ")
    indexing = start("index", "add")
    backup = start("jam-lock", "run", "nightly", "--", "./backup.sh")
    recording.wait_for("all writers", r"^index +writer", r"^nightly +writer")
    pause()
    indexing.send_signal(signal.SIGKILL)
    indexing.wait()
    recording.wait_for("the death of a holder", r"^index +abandoned")
    pause()
    printing.communicate(b"")
    recording.wait_for("the next writer", r"^printer +writer +\d+ +\S+ s +1 ")
    pause()
    backup.terminate()
    start("index", "add").communicate(b"")
    for process in waiting:
        process.stdin.close()
    recording.wait_for("free locks", r"^index +free", r"^nightly +free", r"^printer +free")
    pause()


def spans(line):
    """A line with its colours."""
    out, styles = "", []
    for number, piece in enumerate(re.split(r"\x1b\[([0-9;]*)m", line)):
        if number % 2:
            codes = [CLASSES[code] for code in piece.split(";") if code in CLASSES]
            styles = styles + codes if piece not in ("", "0") else []
        elif piece:
            text = escape(piece, quote=False)
            out += f'<tspan class="{" ".join(styles)}">{text}</tspan>' if styles else text
    return out


def svg(frames, seconds):
    """The frames, shown one after another for the same time each."""
    width, height = COLUMNS * CELL + 2 * MARGIN, ROWS * LINE + 2 * MARGIN
    total = len(frames) * seconds
    most = max(range(len(frames)), key=lambda number: len("".join(frames[number])))
    style = STYLE % {"total": f"{total:g}", "share": 100 / len(frames)}
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">',
        "<title>jam-lock watch: locks, their holders and waiters, live</title>",
        f"<style>{style}</style>",
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="#0d1117"/>',
    ]
    for number, lines in enumerate(frames):
        classes = "f still" if number == most else "f"
        delay = number * seconds - total
        out.append(f'<g class="{classes}" style="animation-delay:{delay:g}s">')
        for row, line in enumerate(lines):
            if re.sub(r"\x1b\[[0-9;]*m", "", line).strip():
                y = MARGIN + (row + 0.75) * LINE
                kind = ' class="t"' if row == 0 else ""
                text = f'<text x="{MARGIN}" y="{y:g}"{kind} xml:space="preserve">'
                out.append(text + spans(line.rstrip()) + "</text>")
        out.append("</g>")
    return "\n".join([*out, "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=Path, help="the folder with the built programs")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("watch.svg"))
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between two frames")
    arguments = parser.parse_args()
    programs = arguments.programs
    if programs is None:
        build = ["cargo", "build", "--examples", "--bins", "-p", "jam-lock-examples", "-p", "jam-lock-tests"]
        subprocess.run(build, cwd=REPOSITORY, check=True)
        programs = REPOSITORY / "target" / "debug"
    programs = programs.resolve()

    with tempfile.TemporaryDirectory() as scratch:
        # The command shows the name of its location.
        folder = Path(scratch)
        (folder / "locks").mkdir()
        (folder / "backup.sh").write_text("#!/bin/sh\nsleep 60\n")
        (folder / "backup.sh").chmod(0o755)
        # The tests build it by another name, which the recording would show.
        command = shutil.copy(programs / "command", folder / "jam-lock")
        started = []

        def start(name, *rest):
            program = command if name == "jam-lock" else programs / "examples" / name
            environment = {**os.environ, "JAM_LOCK": str(folder / "locks")}
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            process = subprocess.Popen(
                [program, *rest], cwd=folder, env=environment, stdin=subprocess.PIPE, **quiet
            )
            started.append(process)
            return process

        recording = Recording(str(command), folder, arguments.interval)
        recording.wait_for("the title", "locks")
        try:
            contend(recording, start, lambda: time.sleep(2 * arguments.interval))
        finally:
            for process in started:
                process.kill()
                process.wait()
        os.write(recording.master, b"q")

        def shown(line):
            return line.replace(scratch, "/srv/app")

        frames = [[shown(line) for line in frame] for frame in recording.frames()]
    arguments.output.write_text(svg(frames, 1.0))


if __name__ == "__main__":
    main()
