"""Real NTU clips as a source of bodies, and broken ones refused."""

import numpy as np
import pytest

from bank.errors import InputError
from realtime.sources import SkeletonFile, open_source
from train.data.readers.skeleton_file import read_skeleton


@pytest.fixture
def clip(shared):
    return shared / "data" / "ntu_samples" / "S001C001P001R001A050.skeleton"


def test_every_body_of_a_clip_is_given(clip):
    joints = read_skeleton(clip)
    with open_source(str(clip)) as source:
        frames = list(source)
    assert isinstance(source, SkeletonFile)
    assert (source.live, source.gives, source.fps) == (False, "bodies", 30.0)
    assert len(frames) == len(joints)
    assert max(len(frame.bodies) for frame in frames) == 2
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(len(frames)) / 30)
    for frame, people in zip(frames, joints, strict=True):
        there = [person for person in people if np.isfinite(person).any()]
        assert len(frame.bodies) == len(there)
        for body, person in zip(frame.bodies, there, strict=True):
            np.testing.assert_array_equal(body.joints, person)


def test_another_rate(clip):
    assert [frame.time for frame in open_source(str(clip), fps=15)][1] == pytest.approx(1 / 15)


def test_a_clip_that_is_cut_short_is_refused(clip, tmp_path):
    cut = tmp_path / "cut.skeleton"
    cut.write_text(clip.read_text()[:20_000])
    with pytest.raises(InputError, match="cut"):
        open_source(str(cut))
