"""Missing libraries are one line; chatter stays off the terminal, everything else does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from realtime.poses.native import explain, hushed

ROOT = Path(__file__).resolve().parents[2]

WITHOUT_GLES = """
import sys
from pathlib import Path
import realtime.poses
assert not {"mediapipe", "cv2"} & set(sys.modules), "native code loaded with the room"
from bank.errors import InputError
try:
    realtime.poses.PoseEstimator(Path(sys.argv[1]))
except InputError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the loader's search path is Linux's")
def test_a_library_that_does_not_load_is_one_line_with_its_package(assembled, tmp_path):
    (tmp_path / "libGLESv2.so.2").touch()  # the loader finds it first and cannot use it
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_GLES, str(assembled)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"LD_LIBRARY_PATH": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    assert "libGLESv2.so.2" in line
    assert line.endswith("apt-get install libgles2")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ImportError("libGL.so.1: cannot open shared object file"), "apt-get install libgl1"),
        (OSError("libEGL.so.1: cannot open shared object file"), "apt-get install libegl1"),
        (
            ImportError("libgthread-2.0.so.0: cannot open shared object file"),
            "apt-get install libglib2.0-0",
        ),
        (OSError("libodd-7.so.3: cannot open shared object file"), "libodd-7.so.3"),
        (ModuleNotFoundError("No module named 'mediapipe'", name="mediapipe"), "package mediapipe"),
        (ModuleNotFoundError("No module named 'cv2'", name="cv2"), "opencv-contrib-python"),
        (ImportError("something\nelse"), "something else"),
    ],
)
def test_every_failure_to_load_is_one_line(error, says):
    message = str(explain(error))
    assert says in message
    assert "\n" not in message


def test_only_chatter_is_kept_off_the_terminal(capfd):
    with hushed():
        os.write(2, b"W0000 00:00:17.1 9559 inference_feedback_manager.cc:114] needs a model\n")
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
        os.write(2, b"E0000 00:00:17.1 9559 graph.cc:1] this matters\n")
        os.write(2, b"so does this\n")
    os.write(2, b"W0000 after\n")
    said = capfd.readouterr().err
    assert said.splitlines() == [
        "E0000 00:00:17.1 9559 graph.cc:1] this matters",
        "so does this",
        "W0000 after",
    ]


def test_what_was_said_comes_out_when_it_ends_in_an_error(capfd):
    with pytest.raises(ZeroDivisionError), hushed():
        os.write(2, b"told\n")
        raise ZeroDivisionError
    assert capfd.readouterr().err == "told\n"
