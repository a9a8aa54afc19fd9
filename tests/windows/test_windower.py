import numpy as np
import pytest

from bank.errors import InputError
from realtime.frames import Body, BodyFrame, longest_gap
from realtime.windows import Windower


def frame(index, time, *tracks):
    """Everybody's joints hold the time, so that interpolation can be checked."""
    joints = np.full((25, 3), time, dtype=np.float32)
    return BodyFrame(tuple(Body(joints, track=t) for t in tracks), index, time, 1e9 + time)


@pytest.mark.parametrize("fps", [8.0, 15.0, 29.97, 60.0])
def test_windows_cover_the_same_seconds_at_every_rate(fps):
    windower = Windower(length=2.0, stride=0.5)
    windows = [w for i in range(int(6 * fps)) for w in windower.push(frame(i, i / fps, 0))]
    full = [w for w in windows if w.times[-1] >= 2.0]
    assert len(full) >= 6
    for window in full:
        assert window.times[-1] - window.times[0] == pytest.approx(2.0)
        np.testing.assert_allclose(window.joints[:, 0, 0, 0], window.times, rtol=1e-5)
    steps = np.diff([w.times[-1] for w in windows])
    assert np.all(steps >= 0.5 - 1 / fps - 1e-9)
    assert np.mean(steps) == pytest.approx(0.5, abs=1 / fps)


def test_people_have_windows_of_their_own():
    windower = Windower(length=1.0, stride=1.0)
    windows = [w for i in range(60) for w in windower.push(frame(i, i / 30, 3, 5))]
    assert {w.track for w in windows} == {3, 5}


def test_a_person_lost_for_long_starts_anew():
    windower = Windower(length=1.0, stride=0.1, max_gap=0.5)
    for i in range(30):
        windower.push(frame(i, i / 30, 0))
    after = [w for i in range(24) for w in windower.push(frame(99 + i, 3 + i / 30, 0))]
    assert not after
    assert windower.push(frame(130, 3.85, 0))[0].times[0] >= 3.0


def test_a_short_gap_is_bridged():
    windower = Windower(length=1.0, stride=0.1, max_gap=0.5)
    for i in range(30):
        windower.push(frame(i, i / 30, 0))
    assert windower.push(frame(40, 40 / 30, 0))


def test_lengths_must_be_positive():
    with pytest.raises(InputError, match="more than 0"):
        Windower(length=0)


def test_a_very_slow_source_still_gives_windows():
    windower = Windower(length=4.0, stride=1.0, max_gap=longest_gap(1.5))
    windows = [w for i in range(20) for w in windower.push(frame(i, i / 1.5, 0))]
    assert len(windows) > 5
