"""Which display is chosen, on a real screen where one can be had."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from realtime.display import TerminalDisplay, choose_display


@pytest.fixture
def no_screen(monkeypatch):
    if sys.platform in ("win32", "darwin"):
        pytest.skip("this system always has a screen")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


def test_headless_shows_nothing():
    assert choose_display(headless=True) is None


@pytest.mark.usefixtures("no_screen")
def test_without_a_screen_it_is_the_terminal():
    display = choose_display(headless=False)
    assert isinstance(display, TerminalDisplay)
    display.close()


@pytest.mark.usefixtures("no_screen")
@pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_a_screen_that_cannot_be_reached_does_not_end_the_process(variable, monkeypatch):
    monkeypatch.setenv(variable, ":4095")
    display = choose_display(headless=False)
    assert isinstance(display, TerminalDisplay)
    display.close()


@pytest.fixture
def screen(monkeypatch):
    """A virtual screen."""
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        pytest.skip("needs Xvfb and xdotool")
    with subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        number = server.stdout.readline().strip()
        monkeypatch.setenv("DISPLAY", f":{number}")
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        yield number
        server.terminate()


WINDOW = """
import time
from realtime.display import choose_display
from display_views import standing, view
display = choose_display(headless=False)
print(type(display).__name__, flush=True)
until = time.monotonic() + 60
while time.monotonic() < until:
    key = display.show(view(standing()))
    if key:
        print(key, flush=True)
    if key == "q":
        break
    time.sleep(0.01)
display.close()
print("closed", flush=True)
"""


def test_a_window_opens_and_gives_keys(screen):
    with subprocess.Popen(
        [sys.executable, "-c", WINDOW],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
    ) as process:
        assert process.stdout.readline() == "WindowDisplay\n"
        window = ""
        for _ in range(100):
            found = subprocess.run(
                ["xdotool", "search", "--name", "PGFA Live"], capture_output=True, text=True
            )
            if window := found.stdout.strip():
                break
            time.sleep(0.1)
        assert window
        subprocess.run(["xdotool", "windowfocus", "--sync", window], check=True)
        pressed = []
        for key in ("f", "7", "Escape"):
            subprocess.run(["xdotool", "key", key], check=True)
            pressed.append(process.stdout.readline().strip())
        assert pressed == ["f", "7", "q"]
        assert process.stdout.readline() == "closed\n"
        assert process.stderr.read() == ""
