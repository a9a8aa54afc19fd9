"""Pictures of clips: what is drawn where, and when."""

import numpy as np
import pytest
from PIL import Image

from bank.errors import InputError
from train.skeletons.clip import Clip
from train.skeletons.joints import INDEX
from train.skeletons.picture import animation, filmstrip, save_picture
from train.skeletons.stick import PAPER, SIDES, Stage, pale

STANDING = {
    "SpineBase": (0, 0.0), "SpineMid": (0, 0.3), "SpineShoulder": (0, 0.5), "Neck": (0, 0.6),
    "Head": (0, 0.75), "ShoulderRight": (0.2, 0.5), "ElbowRight": (0.3, 0.25),
    "WristRight": (0.35, 0.0), "HandRight": (0.36, -0.05), "HandTipRight": (0.37, -0.1),
    "ThumbRight": (0.3, -0.05), "HipRight": (0.1, 0.0), "KneeRight": (0.1, -0.45),
    "AnkleRight": (0.1, -0.85), "FootRight": (0.12, -0.9),
}  # fmt: skip


def standing():
    """(25, 3): a person three metres away who faces the camera; their right is at positive x."""
    body = np.zeros((25, 3), np.float32)
    for name, (x, y) in STANDING.items():
        body[INDEX[name]] = x, y, 3
        body[INDEX[name.replace("Right", "Left")]] = (-x if "Right" in name else x), y, 3
    return body


def clip_of(frames=31, fps=30.0, people=1, label="stand"):
    joints = np.tile(standing(), (frames, people, 1, 1))
    joints[:, :, INDEX["HandRight"], 1] += np.linspace(0, 0.6, frames)[:, None]
    joints[..., 0] -= np.arange(people)[None, :, None] * 1.5
    return Clip(joints, np.arange(frames) / fps, "made-up", label, "test")


def drawn(stage, frame=0):
    image = Image.new("RGB", (round(stage.width * 200), round(stage.height * 200)), PAPER)
    stage.draw(image, frame)
    return np.asarray(image)


def centre(picture, colour):
    """Mean (row, column) of the pixels of a colour."""
    rows, columns = np.nonzero((picture == colour).all(axis=-1))
    assert rows.size, f"nothing is drawn in {colour}"
    return rows.mean(), columns.mean()


def test_who_faces_the_camera_has_their_left_on_the_right_of_the_picture():
    picture = drawn(Stage(clip_of().joints))
    assert centre(picture, SIDES["left"])[1] > centre(picture, SIDES["right"])[1] + 40
    head = centre(picture[: len(picture) // 3], SIDES["trunk"])
    assert abs(head[1] - picture.shape[1] / 2) < 3  # upright, head on top, in the middle


def test_from_behind_the_sides_change_places():
    picture = drawn(Stage(clip_of().joints, turn=180))
    assert centre(picture, SIDES["left"])[1] < centre(picture, SIDES["right"])[1] - 40


def test_walking_to_the_left_side_brings_the_left_to_the_front():
    joints = clip_of().joints.copy()
    joints[..., INDEX["HandLeft"], 2] -= 0.5  # held out to the front, towards the camera
    joints[..., INDEX["HandTipLeft"], 2] -= 0.5
    joints[..., INDEX["ThumbLeft"], 2] -= 0.5
    ahead = drawn(Stage(joints, turn=90))
    columns = np.nonzero((ahead == SIDES["left"]).all(axis=-1))[1]
    middle = centre(ahead[: len(ahead) // 3], SIDES["trunk"])[1]
    assert middle - columns.min() > 80  # seen from their left, people look to the left
    assert columns.max() - middle < 20


def test_axes_are_equal():
    joints = clip_of(frames=1).joints
    wide, tall = Stage(joints), Stage(joints[..., [1, 0, 2]])
    assert wide.width == pytest.approx(tall.height, abs=1e-5)
    assert drawn(wide).shape[0] == pytest.approx(wide.height * 200, abs=1)


def test_an_error_of_one_joint_does_not_shrink_everything():
    clip = clip_of()
    joints = clip.joints.copy()
    joints[3, 0, 7] = 1e6, -1e6, 4
    assert Stage(joints).height < 3


def test_both_people_are_drawn_and_the_second_is_paler():
    picture = drawn(Stage(clip_of(people=2).joints))
    assert centre(picture, pale(SIDES["left"]))[1] > centre(picture, SIDES["left"])[1] + 100


def test_absent_joints_and_people_are_left_out():
    clip = clip_of(people=2)
    joints = clip.joints.copy()
    joints[:, 1] = np.nan
    joints[:, 0, [INDEX[n] for n in INDEX if "Left" in n]] = np.nan
    picture = drawn(Stage(joints))
    for colour in (SIDES["left"], pale(SIDES["right"])):
        assert not (picture == colour).all(axis=-1).any()
    joints[5] = np.nan  # nobody: words instead
    assert len(np.unique(drawn(Stage(joints), 5).reshape(-1, 3), axis=0)) > 2


def test_a_filmstrip_shows_as_many_moments_as_asked_for():
    few, many = (filmstrip(clip_of(), moments=n) for n in (1, 8))
    trunk = [(np.asarray(i)[80:-50] == SIDES["trunk"]).all(axis=-1).sum() for i in (few, many)]
    scale = (many.width / 4 / few.width) ** 2  # moments are smaller where there are more
    assert trunk[1] > 3 * trunk[0] * min(1.0, scale)
    assert filmstrip(clip_of(frames=1)).size[0] > 300


@pytest.mark.parametrize("fps", [10.0, 15.0, 29.97, 30.0, 60.0, 120.0])
def test_an_animation_keeps_the_clips_own_speed(fps):
    clip = clip_of(frames=91, fps=fps)
    durations = animation(clip).durations
    assert min(durations) >= 3  # less is slowed down by viewers
    assert sum(durations[:-1]) / 100 == pytest.approx(clip.times[-1], abs=0.03)
    if fps <= 30:
        assert len(durations) == 91


def test_a_gif_can_be_played(tmp_path):
    clip, out = clip_of(frames=20, fps=20.0), tmp_path / "clip.gif"
    save_picture(clip, out)
    with Image.open(out) as image:
        shown = []
        for number in range(image.n_frames):
            image.seek(number)
            shown.append(image.info["duration"])
            assert image.convert("RGB").getpixel((0, 0)) == PAPER
        assert image.info["loop"] == 0
    assert shown == [50] * 20
    assert [path.name for path in tmp_path.iterdir()] == ["clip.gif"]


def test_what_cannot_be_drawn_is_said_and_leaves_nothing_behind(tmp_path):
    for name in ("clip.jpg", "clip"):
        with pytest.raises(InputError, match=r"\.png or \.gif"):
            save_picture(clip_of(), tmp_path / name)
    with pytest.raises(InputError, match="cannot be written"):
        save_picture(clip_of(), tmp_path / "none" / "clip.png")
    kept = tmp_path / "clip.gif"
    kept.write_bytes(b"kept")
    with pytest.raises(InputError, match="90 s"):
        save_picture(clip_of(frames=91, fps=1.0), kept)
    assert kept.read_bytes() == b"kept"
    assert list(tmp_path.iterdir()) == [kept]
