"""The six sets of cut Kinect clips: real files whole and damaged, made-up ones exact."""

import json
import shutil

import numpy as np
import pytest
from scipy.io import savemat

from bank.errors import InputError
from train.data.readers import reader
from train.skeletons.joints import INDEX
from train.skeletons.kinect_v1 import fill_from_15, fill_from_20

SETS = ["gtu3d", "kard", "kinder-gator", "msr-action3d", "nw-ucla", "utd-mhad"]


@pytest.mark.parametrize("name", SETS)
def test_people_stand_upright_before_the_camera(kinect_sets, name):
    sources = reader(name).find(kinect_sets[name])
    assert len(sources) == 8
    assert sources == sorted(sources, key=lambda source: source.path)
    tall, own_side = [], []
    for source in sources:
        clip = reader(name).read(source)
        assert (clip.name, clip.label, clip.dataset) == (source.name, source.label, name)
        assert clip.label
        body = np.nanmedian(clip.joints[:, 0], axis=0)
        assert 1 < body[INDEX["SpineBase"], 2] < 5
        assert body[INDEX["ShoulderRight"], 0] - body[INDEX["ShoulderLeft"], 0] > 0.08
        tall.append(0.4 < body[INDEX["Head"], 1] - body[INDEX["SpineBase"], 1] < 0.9)
        for side, other in (("Left", "Right"), ("Right", "Left")):
            elbow = body[INDEX[f"Elbow{side}"]]
            own_side.append(
                np.linalg.norm(elbow - body[INDEX[f"Shoulder{side}"]])
                < np.linalg.norm(elbow - body[INDEX[f"Shoulder{other}"]])
            )
    # Some bend down, sit bent or cross their arms.
    assert np.mean(tall) >= 0.7
    assert np.mean(own_side) >= 0.8


@pytest.mark.parametrize("name", SETS)
def test_no_set_is_mirrored(kinect_sets, name):
    """A mirrored body has its front, as left and right tell it, where its back is."""
    agree = []
    for source in reader(name).find(kinect_sets[name]):
        joints = reader(name).read(source).joints[:, 0]
        joints = joints[np.isfinite(joints).all(axis=(1, 2))]
        right = joints[:, INDEX["ShoulderRight"]] - joints[:, INDEX["ShoulderLeft"]]
        front = np.cross((0, 1, 0), right)
        if name == "kard":  # has no feet; but who bends or sits down brings the head forward
            frame = np.argmin(joints[:, INDEX["Head"], 1])
            forward = joints[frame, INDEX["Head"]] - joints[frame, INDEX["SpineBase"]]
            agree.append(forward @ front[frame] > 0)
        else:
            feet = sum(joints[:, INDEX[f"Foot{side}"]] for side in ("Left", "Right"))
            feet = feet - sum(joints[:, INDEX[f"Ankle{side}"]] for side in ("Left", "Right"))
            agree.append(np.median((feet * front).sum(axis=-1)) > 0)
    assert np.mean(agree) > 0.7


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(
    "damage", ["truncated", "empty", "binary", "nan", "letters", "utf-16", "gone", "folder"]
)
def test_damaged_files_are_refused_in_one_line(kinect_sets, tmp_path, name, damage):
    shutil.copytree(kinect_sets[name], tmp_path / name)
    source = reader(name).find(tmp_path / name)[0]
    data = source.path.read_bytes()
    if damage == "gone":
        source.path.unlink()
    elif damage == "folder":
        source.path.unlink()
        source.path.mkdir()
    elif name == "utd-mhad" and damage == "nan":
        savemat(source.path, {"d_skel": np.full((20, 3, 4), np.nan)})
    elif name == "utd-mhad" and damage == "letters":
        savemat(source.path, {"d_skel": "abc"})
    else:
        digit = data.rfind(b".", 0, len(data) * 2 // 3)
        changed = {
            "truncated": data[: len(data) * 2 // 3],
            "empty": b"",
            "binary": bytes(range(256)) * 20,
            "nan": data[: digit - 1] + b" NaN " + data[digit + 2 :],
            "letters": data[: digit - 1] + b"abc" + data[digit + 2 :],
            "utf-16": data.decode("latin-1").encode("utf-16"),
        }[damage]
        source.path.write_bytes(changed)
    with pytest.raises(InputError) as caught:
        reader(name).read(source)
    assert "\n" not in str(caught.value)
    assert source.path.name in str(caught.value) or source.name in str(caught.value)


def test_a_number_that_is_no_action_is_a_bad_clip(tmp_path):
    (tmp_path / "a19_s01_e01_realworld.txt").write_text("1 2 3\n")
    (source,) = reader("kard").find(tmp_path)
    with pytest.raises(InputError, match="kard has no action 19"):
        reader("kard").read(source)


def test_kard_is_mirrored_and_in_millimetres(tmp_path):
    frame = "".join(f"{100 * (i + 1)} {200 * (i + 1)} {3000 + i}\n" for i in range(15))
    (tmp_path / "a15_s03_e02_realworld.txt").write_text(frame * 2)
    (source,) = reader("kard").find(tmp_path)
    assert (source.label, source.subject) == ("phone call", "03")
    joints = reader("kard").read(source).joints[0, 0]
    np.testing.assert_allclose(joints[INDEX["Head"]], (-0.1, 0.2, 3.0), rtol=1e-6)
    np.testing.assert_allclose(joints[INDEX["HandLeft"]], (-0.8, 1.6, 3.007), rtol=1e-6)
    np.testing.assert_allclose(joints[INDEX["WristLeft"]], joints[INDEX["HandLeft"]])


def test_utd_mhad_has_an_order_of_its_own(tmp_path):
    frames = np.arange(20 * 3 * 2, dtype=float).reshape(20, 3, 2) / 10 + 1
    savemat(tmp_path / "a3_s1_t2_skeleton.mat", {"d_skel": frames})
    (source,) = reader("utd-mhad").find(tmp_path)
    clip = reader("utd-mhad").read(source)
    assert (source.label, source.subject, clip.fps) == ("right hand wave", "1", pytest.approx(30))
    np.testing.assert_allclose(clip.joints[1, 0, INDEX["Head"]], frames[0, :, 1], rtol=1e-6)
    np.testing.assert_allclose(clip.joints[1, 0, INDEX["SpineBase"]], frames[3, :, 1], rtol=1e-6)
    np.testing.assert_allclose(clip.joints[1, 0, INDEX["FootRight"]], frames[19, :, 1], rtol=1e-6)
    savemat(tmp_path / "a3_s1_t2_skeleton.mat", {"d_skel": frames[:15]})
    with pytest.raises(InputError, match=r"d_skel is \(15, 3, 2\)"):
        reader("utd-mhad").read(source)
    savemat(tmp_path / "a3_s1_t2_skeleton.mat", {"other": frames})
    with pytest.raises(InputError, match="d_skel is"):
        reader("utd-mhad").read(source)


def test_msr_frames_of_zeros_are_absent(tmp_path):
    row, zero = "0.1 0.2 2.5 0.0\n", "0 0 0 0\n"
    path = tmp_path / "a13_s09_e03_skeleton3D.txt"
    path.write_text(row * 20 + zero * 20 + row * 20)
    (source,) = reader("msr-action3d").find(tmp_path)
    clip = reader("msr-action3d").read(source)
    assert np.isfinite(clip.joints).all(axis=(1, 2, 3)).tolist() == [True, False, True]
    assert np.isnan(clip.joints[1]).all()
    path.write_text(zero * 40)
    with pytest.raises(InputError, match="body 0 is in no frame"):
        reader("msr-action3d").read(source)


@pytest.mark.parametrize(
    ("skeletons", "message"),
    [
        ([[[0.1, 0.2, 2.0]] * 15] * 4, r"\(4, 15, 3\), not"),
        ([[[0.1, 0.2, 2.0]] * 20, [[0.1, 0.2]]], "not JSON with frames of 20 joints"),
        ([[[10**400, 0.2, 2.0]] * 20], "not JSON with frames"),
        ("none", "not JSON with frames"),
        ([], "not"),
    ],
)
def test_nw_ucla_of_other_shapes_is_refused(tmp_path, skeletons, message):
    path = tmp_path / "a01_s01_e00_v02.json"
    path.write_text(json.dumps({"skeletons": skeletons}))
    (source,) = reader("nw-ucla").find(tmp_path)
    assert (source.label, source.view) == ("pick up with one hand", "02")
    with pytest.raises(InputError, match=message):
        reader("nw-ucla").read(source)


def test_deeply_nested_json_is_refused(tmp_path):
    (tmp_path / "a01_s01_e00_v02.json").write_text("[" * 200_000)
    (source,) = reader("nw-ucla").find(tmp_path)
    with pytest.raises(InputError, match="not JSON"):
        reader("nw-ucla").read(source)


def kinder_gator(folder, stamps):
    header = ",".join(["Timestamp"] + [f"c{i}" for i in range(60)])
    rows = [",".join(map(str, [stamp, *np.linspace(0.1, 3, 60)])) + "," for stamp in stamps]
    name = "POSE-p342_05-Bow-1455372223852.csv"
    (folder / name).write_text("\r\n".join([header, *rows]) + "\r\n")
    (source,) = reader("kinder-gator").find(folder)
    return source


def test_kinder_gator_keeps_its_time_stamps(tmp_path):
    source = kinder_gator(tmp_path, [1000, 1033, 1033, 1100, 1133, 1166, 1200])
    assert (source.label, source.subject) == ("Bow", "342")
    clip = reader("kinder-gator").read(source)
    np.testing.assert_allclose(clip.times, [0, 0.033, 0.1, 0.133, 0.166, 0.2], atol=1e-9)
    assert clip.joints.shape == (6, 1, 25, 3)


@pytest.mark.parametrize("stamps", [[5, 4, 3, 2], [1000, 33, 66, 99], [1, float("nan"), 3]])
def test_kinder_gator_clocks_must_run(tmp_path, stamps):
    with pytest.raises(InputError, match="time stamp"):
        reader("kinder-gator").read(kinder_gator(tmp_path, stamps))


def test_filling_from_20_joints():
    joints = np.random.default_rng(0).normal(size=(3, 20, 3)).astype(np.float32)
    full = fill_from_20(joints)
    np.testing.assert_array_equal(full[:, INDEX["SpineBase"]], joints[:, 0])
    np.testing.assert_array_equal(full[:, INDEX["SpineShoulder"]], joints[:, 2])
    np.testing.assert_array_equal(full[:, INDEX["FootRight"]], joints[:, 19])
    np.testing.assert_array_equal(full[:, INDEX["ThumbLeft"]], full[:, INDEX["HandLeft"]])
    np.testing.assert_allclose(
        full[:, INDEX["Neck"]], joints[:, 2] + 0.35 * (joints[:, 3] - joints[:, 2]), rtol=1e-5
    )


def test_filling_from_15_joints_keeps_absence():
    named = {j: np.ones((2, 3), np.float32) * j for j in (1, 3, 4, 5, 7, 8, 9, 11, 13, 14, 17, 18)}
    named |= {12: np.zeros((2, 3), np.float32), 16: np.full((2, 3), 2, np.float32)}
    named[20] = np.full((2, 3), np.nan, np.float32)
    full = fill_from_15(named)
    np.testing.assert_array_equal(full[:, INDEX["SpineBase"]], 1)
    np.testing.assert_array_equal(full[:, INDEX["FootLeft"]], 14)
    assert np.isnan(full[:, [INDEX["Neck"], INDEX["SpineShoulder"]]]).all()
    assert np.isnan(full).any(axis=-1).sum() == 4
