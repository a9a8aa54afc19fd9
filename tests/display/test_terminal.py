"""The terminal's view, with a terminal and without."""

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from display_views import standing, view
from rich.cells import cell_len
from rich.console import Console

from realtime.display import TerminalDisplay
from realtime.display.terminal import render

LONG = "point with the whole left arm at something very far away behind the mountains"
BUSY = {
    "top": {0: (("挥手", 0.75), (LONG, 0.2), ("bow", 0.05)), 1: (("bow", 0.6),)},
    "support": {"挥手": 7, LONG: 2, "bow": 0, **{f"class {i}": i % 3 for i in range(40)}},
    "timeline": [("bow", 85.0, 90.0), ("挥手", 88.0, None), (LONG, 99.9, None)],
    "status": "recordings/three people.poses",
}


def lines_of(shown, width, height):
    console = Console(file=StringIO(), width=width, height=height, color_system=None)
    console.print(render(shown, width, height - 1))
    return console.file.getvalue().rstrip("\n").split("\n")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 60), (64, 16), (40, 20), (63, 13)])
def test_everything_fits_the_terminal(width, height):
    lines = lines_of(view(standing(0), standing(1, x=0.8), **BUSY), width, height)
    assert len(lines) < height
    assert max(map(cell_len, lines)) <= width


def test_it_says_what_the_window_says():
    text = "\n".join(lines_of(view(standing(0), **BUSY), 100, 30))
    for part in (
        "25.0 fps",
        "40 ms",
        "#0",
        "挥手",
        "75%",
        "20%",
        "#1",
        "60%",
        "three people.poses",
    ):
        assert part in text
    bank = next(line for line in text.split("\n") if "挥手" in line and "━" in line)
    assert bank.rstrip().endswith("7")
    assert f"{sum(BUSY['support'].values())} learned" in text
    assert any(0x2801 <= ord(character) <= 0x28FF for character in text)  # somebody in braille


def test_nobody_is_nobody():
    text = "\n".join(lines_of(view(), 80, 24))
    assert "nobody in sight" in text
    assert not any(0x2801 <= ord(character) <= 0x28FF for character in text)


def test_without_opencv_the_terminal_still_draws():
    code = (
        "import sys\n"
        "sys.modules['cv2'] = None\n"
        "from display_views import standing, view\n"
        "from realtime.display import TerminalDisplay\n"
        "from realtime.display.terminal import render\n"
        "from rich.console import Console\n"
        "Console(width=80).print(render(view(standing()), 80, 24))\n"
        "TerminalDisplay().show(view(standing()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.stderr == ""
    assert any(0x2801 <= ord(character) <= 0x28FF for character in done.stdout)


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("realtime.display.terminal.time", clock)
    return clock


def test_without_a_terminal_lines_come_when_something_changes_and_once_a_second_at_most(clock):
    console = Console(file=StringIO(), width=40)
    display = TerminalDisplay(console)

    def printed():
        return console.file.getvalue().count("\n")

    waving = view(standing(), top={0: (("wave", 0.81),)})
    bowing = view(standing(), top={0: (("bow", 0.5),)})
    assert display.show(waving) is None
    assert printed() == 1
    clock.now += 0.1
    display.show(bowing)
    assert printed() == 1  # too early
    clock.now += 1.0
    display.show(bowing)
    assert printed() == 2
    for _ in range(80):
        clock.now += 0.1
        display.show(bowing)
    assert printed() == 2  # no news
    clock.now += 5.0
    display.show(bowing)
    assert printed() == 3  # still there
    assert "\x1b" not in console.file.getvalue()
    assert "#0 bow 50%" in console.file.getvalue()
    display.close()


def test_a_terminal_is_redrawn_in_place_and_left_clean(clock):
    console = Console(
        file=StringIO(), force_terminal=True, width=80, height=24, legacy_windows=False
    )
    display = TerminalDisplay(console)
    for _ in range(20):
        clock.now += 0.05
        display.show(view(standing(), **BUSY))
    written = console.file.getvalue()
    assert 5 <= written.count("25.0 fps") <= 12  # eight a second, not every frame
    assert "\x1b[1A" in written or "\x1b[F" in written  # up again
    display.close()
    display.close()
    assert console.file.getvalue().endswith("\x1b[2K")  # transient: the last line is cleared


KEYS = """
import sys, time
from realtime.display.keys import Keys
with Keys() as keys:
    print("ready", flush=True)
    while (key := keys.pressed()) != "q":
        if key:
            print(f"<{key}>", flush=True)
        time.sleep(0.01)
print("restored", flush=True)
print(f"[{input()}]", flush=True)
"""


def test_keys_arrive_at_once_and_the_terminal_is_put_back():
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", KEYS])
    seen = ""

    def wait_for(text):
        nonlocal seen
        deadline = time.monotonic() + 60
        while text not in seen:
            assert time.monotonic() < deadline, f"no {text!r} in {seen!r}"
            if select.select([terminal], [], [], 0.1)[0]:
                seen += os.read(terminal, 1000).decode()

    try:
        wait_for("ready")
        os.write(terminal, b"f")
        wait_for("<f>")
        os.write(terminal, b"\x1b[A")  # an arrow key is no key of ours
        os.write(terminal, b"3")
        wait_for("<3>")
        assert "<[>" not in seen
        os.write(terminal, b"\x1b")  # Escape
        wait_for("restored")
        os.write(terminal, b"whole line\n")
        wait_for("[whole line]")  # read as a line again
        with contextlib.suppress(OSError):  # until the child has ended
            while rest := os.read(terminal, 1000):
                seen += rest.decode()
        assert seen.count("whole line") == 2  # and echoed
    finally:
        os.close(terminal)
        os.waitpid(child, 0)
