"""Motion capture: forward kinematics, rigs, and damaged files."""

import json

import numpy as np
import pytest
from reader_files import bvh_text

from bank.errors import InputError
from train.data.readers import reader
from train.data.readers.bvh_file import read_bvh
from train.skeletons.joints import INDEX

BVH = reader("bvh")


def write(folder, text, name="take.bvh"):
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text)
    return path


def read(folder, text, name="take.bvh"):
    write(folder, text, name)
    (source,) = BVH.find(folder)
    return BVH.read(source)


def at(clip, frame, joint):
    return clip.joints[frame, 0, INDEX[joint]]


def position(motion, name):
    return motion.positions[0, motion.names.index(name)]


def test_a_chain_bends_as_worked_out_by_hand(tmp_path):
    # Upper arm turned a quarter about z (arm up), forearm a quarter about its own y (hand to -z).
    row = {("LeftArm", "Zrotation"): 90, ("LeftForeArm", "Yrotation"): 90}
    motion = read_bvh(write(tmp_path, bvh_text([row])))
    np.testing.assert_allclose(position(motion, "LeftArm"), (0.18, 0.45, 0), atol=1e-12)
    np.testing.assert_allclose(position(motion, "LeftForeArm"), (0.18, 0.75, 0), atol=1e-12)
    np.testing.assert_allclose(position(motion, "LeftHand"), (0.18, 0.75, -0.25), atol=1e-12)


def test_rotations_apply_in_the_order_of_their_channels(tmp_path):
    # Channels are Z X Y: turned about z first, x' and y' follow. Vector (0.3, 0, 0):
    # Rz(90) Rx(90) Ry(0) takes the forearm's x to y, and its y to z.
    row = {("LeftArm", "Zrotation"): 90, ("LeftArm", "Xrotation"): 90}
    row |= {("LeftForeArm", "Zrotation"): 90}
    motion = read_bvh(write(tmp_path, bvh_text([row])))
    bend = position(motion, "LeftHand") - position(motion, "LeftForeArm")
    np.testing.assert_allclose(bend, (0, 0, 0.25), atol=1e-12)


def test_position_channels_stand_in_for_the_offset(tmp_path):
    text = bvh_text([{("Hips", "Yposition"): 0.9}]).replace(
        "OFFSET 0 0 0\n  CH", "OFFSET 5 5 5\n  CH"
    )
    motion = read_bvh(write(tmp_path, text))
    np.testing.assert_allclose(motion.positions[0, 0], (0, 0.9, 0))


@pytest.mark.parametrize("turn", [0, 77, 180])
def test_a_person_faces_the_camera_whatever_way_they_were_recorded(tmp_path, turn):
    still = {("Hips", "Yrotation"): turn, ("Hips", "Xposition"): 7, ("Hips", "Yposition"): 0.9}
    clip = read(tmp_path, bvh_text([still, still], frame_time=0.5))
    assert at(clip, 0, "SpineBase") == pytest.approx((0, 0, 3), abs=1e-5)
    assert at(clip, 0, "ShoulderRight")[0] > 0.15 > 0 > at(clip, 0, "ShoulderLeft")[0]
    assert at(clip, 0, "FootLeft")[2] < at(clip, 0, "AnkleLeft")[2] - 0.1
    assert at(clip, 0, "Head")[1] > 0.6
    assert np.isfinite(clip.joints).all()
    assert clip.fps == pytest.approx(2)


@pytest.mark.parametrize("scale", [1, 100, 1000, 39.37, 17.717])
def test_the_unit_is_told_from_the_legs(tmp_path, scale):
    clip = read(tmp_path, bvh_text([{}, {}], prefix="mixamorig:", scale=scale))
    assert at(clip, 0, "Head")[1] == pytest.approx(0.62, abs=0.01)
    assert abs(at(clip, 0, "HandLeft")[0]) == pytest.approx(0.8, abs=0.01)


def test_a_rig_of_the_users(tmp_path):
    text = bvh_text([{}]).replace("LeftFore", "LinkerUnter").replace("RightFore", "RechterUnter")
    write(tmp_path, text, "anna_winken_03.bvh")
    (source,) = BVH.find(tmp_path)
    with pytest.raises(InputError, match=r"no rig finds ElbowLeft.* in it; name its joints"):
        BVH.read(source)
    joints = {
        "SpineBase": "Hips",
        "Head": {"Head": 2, "Neck": -1},
        **{
            f"{ntu}{side}": f"{side}{own}"
            for side in ("Left", "Right")
            for ntu, own in (
                ("Shoulder", "Arm"),
                ("Wrist", "Hand"),
                ("Hand", "Hand"),
                ("Hip", "UpLeg"),
                ("Knee", "Leg"),
                ("Ankle", "Foot"),
            )
        },
        "ElbowLeft": ["LeftForeArm", "LinkerUnterArm"],
        "ElbowRight": "RechterUnterArm",
    }
    rig = {"joints": joints, "unit": 2, "file_name": r"(?P<subject>[a-z]+)_(?P<label>[a-z]+)_\d+"}
    (tmp_path / "rig.json").write_text(json.dumps(rig))
    (source,) = BVH.find(tmp_path)
    assert (source.label, source.subject) == ("winken", "anna")
    clip = BVH.read(source)
    assert at(clip, 0, "Head")[1] == pytest.approx(2 * 0.74, abs=1e-5)
    np.testing.assert_allclose(at(clip, 0, "ThumbLeft"), at(clip, 0, "HandLeft"))
    for change, message in (
        ({"unit": "furlong"}, "unit is m, cm"),
        ({"up": "x"}, "up is 'y' or 'z'"),
        ({"file_name": "("}, "no regular expression"),
        ({"colour": "red"}, "a rig has no 'colour'"),
        ({"joints": joints | {"Tail": "Hips"}}, "'Tail' is no NTU-25 joint"),
        ({"joints": joints | {"Head": {"Head": 0.5}}}, "weights of Head sum to 0.5"),
        ({"joints": joints | {"Head": [[]]}}, "Head is neither a name"),
        ({"joints": {"Head": "Head"}}, "the rig lacks SpineBase"),
    ):
        folder = tmp_path / message[:4].replace("'", "") / str(len(message))
        write(folder, text)
        (folder / "rig.json").write_text(json.dumps(rig | change))
        with pytest.raises(InputError, match=message):
            BVH.find(folder)


def test_z_up_recordings_are_set_upright(tmp_path):
    (tmp_path / "rig.json").write_text(
        json.dumps(
            {
                "up": "z",
                "unit": "m",
                "joints": {
                    "SpineBase": "Hips",
                    "Head": "Head",
                    **{
                        f"{ntu}{side}": f"{side}{own}"
                        for side in ("Left", "Right")
                        for ntu, own in (
                            ("Shoulder", "Arm"),
                            ("Elbow", "ForeArm"),
                            ("Wrist", "Hand"),
                            ("Hand", "Hand"),
                            ("Hip", "UpLeg"),
                            ("Knee", "Leg"),
                            ("Ankle", "Foot"),
                        )
                    },
                },
            }
        )
    )
    clip = read(tmp_path, bvh_text([{("Hips", "Xrotation"): 90}]))
    assert at(clip, 0, "Head")[1] == pytest.approx(0.62, abs=1e-5)
    assert at(clip, 0, "ShoulderRight")[0] > 0.1


def test_labels_are_subfolders_unless_the_name_tells(tmp_path):
    text = bvh_text([{}])
    write(tmp_path, text, "loose.bvh")
    write(tmp_path, text, "wave_one-hand/take 1.bvh")
    write(tmp_path, text, "wave_one-hand/take 2.BVH")
    sources = {source.name: source.label for source in BVH.find(tmp_path)}
    assert sources == {
        "loose": "",
        "wave_one-hand/take 1": "wave one hand",
        "wave_one-hand/take 2": "wave one hand",
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Frames: 2", "Frames: 3", "2 frames, not 3 as it says"),
        ("Frames: 2", "Frames: 999999999", "Frames is '999999999', not 1 to"),
        ("Frames: 2", "Frames: -1", "Frames is '-1'"),
        ("Frame Time: 0.01", "Frame Time: 0", "Frame Time is '0'"),
        ("Frame Time: 0.01", "Frame Time: nan", "Frame Time is 'nan'"),
        ("Frame Time: 0.01\n0", "Frame Time: 0.01\nnan", "NaN, infinite"),
        ("Frame Time: 0.01\n0", "Frame Time: 0.01\n0 0", "58 values for 57 channels"),
        ("MOTION", "", "not BVH"),
        ("ROOT Hips", "JOINT Hips", "out of place"),
        ("CHANNELS 3", "CHANNELS 4", "not BVH"),
        ("Zrotation", "Wrotation", "channels must be"),
        ("OFFSET 0 0 0", "OFFSET 0 0", "not BVH"),
        ("OFFSET 0 0 0", "OFFSET 0 0 x", "not a number"),
        ("OFFSET 0 0 0", "OFFSET 0 nan 0", "an OFFSET is NaN"),
        ("OFFSET 0 0 0", "OFFSET 0 1e308 0", "impossibly large"),
        ("-0.42", "-420000", "legs of"),
    ],
)
def test_damage_is_named(tmp_path, old, new, message):
    text = bvh_text([{}, {}])
    assert old in text
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path, text.replace(old, new))
    assert "\n" not in str(caught.value)


def test_real_motion_capture(bandai):
    sources = BVH.find(bandai)
    labels = {source.label for source in sources}
    assert "raise up left hand" in labels or len(labels) > 0
    for source in sources:
        clip = BVH.read(source)
        assert clip.fps == pytest.approx(30, abs=0.1)
        middle = np.median(clip.joints[:, 0], axis=0)
        assert 0.4 < middle[INDEX["Head"], 1] - middle[INDEX["SpineBase"], 1] < 0.9
        right, left = middle[INDEX["ShoulderRight"]], middle[INDEX["ShoulderLeft"]]
        assert right[0] - left[0] > 0.1
        knees = middle[[INDEX["KneeLeft"], INDEX["KneeRight"]], 1]
        assert (knees < middle[INDEX["SpineBase"], 1]).all()
