"""OpenCV as the program loads it: FFmpeg settles how loud it is when it is first used."""

import cv2
import pytest

from realtime.sources.opencv import load_opencv

load_opencv()


@pytest.fixture
def quiet(capfd):
    """Fails a test during which anything was written to standard error."""
    yield
    assert capfd.readouterr().err == ""


@pytest.fixture(scope="session")
def pictures(shared):
    """Real pictures, as JPEG."""
    capture = cv2.VideoCapture(str(shared / "data" / "video" / "three_people_exercise.avi"))
    read = [capture.read()[1] for _ in range(40)]
    capture.release()
    return [cv2.imencode(".jpg", image)[1].tobytes() for image in read]
