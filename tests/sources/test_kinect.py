"""Kinect v2 and Azure Kinect: real joints in the vendors' shapes come out as they were."""

import sys
import time
from itertools import islice

import numpy as np
import pytest
from kinect_vendors import Azure, Runtime

from bank.errors import InputError
from realtime.sources import LiveSource, open_source
from train.data.readers.skeleton_file import read_skeleton

IDS = (72057594037944738, 72057594037944739)  # Kinect's ids take 64 bits


@pytest.fixture(scope="module")
def clip(shared):
    return read_skeleton(shared / "data" / "ntu_samples" / "S001C001P001R001A050.skeleton")


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    monkeypatch.setattr("realtime.sources.feed._FIRST", 0.05)


def find(body, clip):
    """The frame and person whose joints are exactly these."""
    close = np.isclose(clip, body.joints, atol=1e-5) | np.isnan(body.joints)
    frames, people = np.nonzero(close.all(axis=(2, 3)))
    assert len(frames), "nobody in the clip stands like that"
    return frames[0], people[0]


def test_kinect_v2_gives_each_new_frame_once(clip):
    runtime = Runtime(clip, IDS)
    with open_source("kinect-v2", vendor=lambda: runtime) as source:
        assert isinstance(source, LiveSource)
        assert (source.gives, source.live, source.name) == ("bodies", True, "kinect-v2")
        frames = list(islice(iter(source), 25))
    assert runtime.closed
    at = [find(frame.bodies[0], clip)[0] for frame in frames]
    assert (np.diff(at) != 0).all()
    assert (np.diff([frame.time for frame in frames]) > 0).all()
    who = {(body.track, find(body, clip)[1]) for frame in frames for body in frame.bodies}
    assert len(who) == len({track for track, _ in who}) == len({person for _, person in who}) == 2
    assert {track for track, _ in who} == {0, 1}
    assert all(body.confidence == 1 for frame in frames for body in frame.bodies)


def test_kinect_v2_joints_that_are_not_tracked_are_absent(clip):
    runtime = Runtime(clip, IDS)
    runtime.states[15], runtime.states[19] = 0, 1  # a foot not tracked, the other inferred
    with open_source("kinect-v2", vendor=lambda: runtime) as source:
        body = next(iter(source)).bodies[0]
    assert np.isnan(body.joints[15]).all()
    assert np.isfinite(np.delete(body.joints, 15, axis=0)).all()
    assert body.confidence == pytest.approx((23 + 0.5) / 25)


def test_an_unplugged_kinect_v2_is_started_again(clip, monkeypatch):
    monkeypatch.setattr("realtime.sources.live._SILENCE", 0.3)
    runtimes = [Runtime(clip, IDS), Runtime(clip, IDS)]
    left = list(runtimes)
    with open_source("kinect-v2", vendor=lambda: left.pop(0)) as source:
        for frame in source:  # noqa: B007
            runtimes[0].unplugged = True
            if source.reconnects:
                break
    assert runtimes[0].closed
    assert "no pose for" in source.reason
    assert frame.index > 5


def test_azure_kinect_is_turned_and_scaled_into_our_axes(clip):
    vendor = Azure(clip, IDS)
    with open_source("azure-kinect", vendor=vendor) as source:
        assert (source.gives, source.fps) == ("bodies", 30.0)
        frames = list(islice(iter(source), 20))
    assert (vendor.closed, vendor.destroyed) == (1, 1)
    for frame in frames:
        for body in frame.bodies:
            assert np.isnan(
                body.joints[15]
            ).all()  # the left foot, of which the tracker saw nothing
            assert np.isfinite(np.delete(body.joints, 15, axis=0)).all()
            find(body, clip)
            assert 0.9 < body.confidence < 1
    # The sensor's clock is followed, not the moment at which we were told.
    steps = np.diff([frame.time for frame in frames]) / np.diff([frame.index for frame in frames])
    assert np.median(steps) <= 0.0334


def test_an_unplugged_azure_kinect_is_started_again(clip):
    vendor = Azure(clip, IDS)
    with open_source("azure-kinect", vendor=vendor) as source:
        until = time.monotonic() + 10
        for _ in source:
            vendor.plugged = False
            while source.attempts < 2 and not source.reconnects and time.monotonic() < until:
                time.sleep(0.005)
            vendor.plugged = True
            if source.reconnects or time.monotonic() > until:
                break
    assert source.reconnects >= 1
    assert vendor.closed == vendor.destroyed


def test_an_azure_kinect_that_is_not_there_is_said_in_one_line(clip, capsys):
    vendor = Azure(clip, IDS)
    vendor.plugged = False
    with pytest.raises(InputError, match=r"azure-kinect: cannot be started \(Open K4A Device fai"):
        open_source("azure-kinect", vendor=vendor)
    vendor.plugged, vendor.tracking = True, False
    with pytest.raises(InputError, match="azure-kinect: cannot be started"):
        open_source("azure-kinect", vendor=vendor)
    assert vendor.closed == 1
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(sys.platform == "win32", reason="the runtime may be there")
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("kinect-v2", "it needs Windows, the Kinect for Windows SDK 2.0"),
        ("azure-kinect", "Sensor SDK and Body Tracking SDK"),
    ],
)
def test_a_missing_runtime_is_said_with_what_to_install(spec, says):
    with pytest.raises(InputError, match=says):
        open_source(spec)
