"""OpenCV as the program loads it: FFmpeg settles how loud it is when it is first used."""

import pytest

from realtime.sources.opencv import load_opencv

load_opencv()


@pytest.fixture
def quiet(capfd):
    """Fails a test during which anything was written to standard error."""
    yield
    assert capfd.readouterr().err == ""
