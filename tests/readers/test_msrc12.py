"""MSRC-12's continuous recordings: two real ones, and what is damaged."""

import shutil

import numpy as np
import pytest

from bank.errors import InputError
from train.data.readers import reader
from train.data.readers.msrc12 import read_recordings
from train.skeletons.joints import INDEX


def test_action_points_lie_where_the_arms_are_up(msrc12):
    """G1 raises both arms: at its action point the hands are near the head's height."""
    recordings = read_recordings(msrc12)
    assert [(r.name, r.subject, len(r.tags)) for r in recordings] == [
        ("P1_1_1A_p06", "p06", 10),
        ("P1_1_1A_p19", "p19", 10),
    ]
    for recording in recordings:
        assert set(recording.labels) == {"raise both arms"}
        assert (np.diff(recording.tags) > 1.0).all()
        assert 0 < recording.tags[0] < recording.tags[-1] < recording.times[-1]
        lift = (
            recording.joints[:, 0, INDEX["WristLeft"], 1]
            - recording.joints[:, 0, INDEX["SpineShoulder"], 1]
        )
        seen = np.isfinite(lift)
        at_tags = np.interp(recording.tags, recording.times[seen], lift[seen])
        apart = np.interp(recording.tags - 1.3, recording.times[seen], lift[seen])
        assert np.median(at_tags) > 0.0 > np.median(apart)


def test_every_repetition_is_a_clip(msrc12):
    sources = reader("msrc12").find(msrc12)
    assert len(sources) == 20
    assert sources[3].name == "P1_1_1A_p06_04"
    clip = reader("msrc12").read(sources[3])
    assert (clip.label, clip.subject, clip.dataset) == ("raise both arms", "p06", "msrc12")
    assert clip.times[0] == 0
    assert clip.times[-1] == pytest.approx(2.3, abs=0.1)
    assert clip.fps == pytest.approx(30, abs=4)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda tags: tags.replace("G1", "G13"), "not a tag like"),
        (lambda tags: tags.replace(";", ","), "not a tag like"),
        (None, "cannot be read"),
    ],
)
def test_damaged_tags_are_refused_in_one_line(msrc12, tmp_path, damage, complaint):
    shutil.copytree(msrc12, tmp_path / "set")
    file = next((tmp_path / "set").rglob("P1_1_1A_p06.tagstream"))
    text = file.read_text()
    file.unlink()
    if damage:
        file.write_text(damage(text))
    with pytest.raises(InputError, match=complaint) as caught:
        read_recordings(tmp_path / "set")
    assert "\n" not in str(caught.value)
    bad = [source for source in reader("msrc12").find(tmp_path / "set") if source.problem]
    assert len(bad) == 1  # counted and reported like every bad clip
    with pytest.raises(InputError, match=complaint):
        reader("msrc12").read(bad[0])
