"""The real model on real people."""

import zipfile

import cv2
import numpy as np
import pytest

from bank.errors import InputError
from realtime.frames import VideoFrame
from realtime.poses import PoseEstimator
from train.skeletons.joints import INDEX

HEAD, LEFT, RIGHT = INDEX["Head"], INDEX["HandLeft"], INDEX["HandRight"]


def read(path, numbers, size=(540, 540)):
    """Some pictures of a clip."""
    capture, pictures = cv2.VideoCapture(str(path)), []
    for number in numbers:
        capture.set(cv2.CAP_PROP_POS_FRAMES, number)
        good, image = capture.read()
        assert good
        pictures.append(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    return pictures


def frames(pictures, step=0.1):
    return [VideoFrame(image, n, n * step, 1e9 + n) for n, image in enumerate(pictures)]


def joints(found):
    return np.stack([frame.bodies[0].joints for frame in found])


@pytest.fixture(scope="module")
def raising(shared):
    """Somebody raises the right hand."""
    return frames(read(shared / "data/video/right_hand_raise.mp4", range(0, 100, 8)))


@pytest.fixture(scope="module")
def found(raising, assembled):
    with PoseEstimator(assembled) as estimator:
        return [estimator(frame) for frame in raising]


def test_a_body_is_25_joints_in_metres_before_the_camera(found):
    for frame in found:
        (body,) = frame.bodies
        assert body.joints.shape == (25, 3)
        assert body.joints.dtype == body.pixels.dtype == np.float32
        assert np.isfinite(body.joints).all()
        assert ((body.pixels > 0) & (body.pixels < 1)).all()
        assert 0.9 < body.confidence <= 1
        assert body.track == -1
        height = np.ptp(body.joints[:, 1])
        assert 1.1 < height < 1.9
        assert 1 < body.joints[0, 2] < 4


def test_the_hand_that_rises_is_the_right_one(found):
    moved = joints(found)
    raised = (moved[:, RIGHT, 1] - moved[:, HEAD, 1]).argmax()
    assert moved[raised, RIGHT, 1] > moved[raised, LEFT, 1] + 0.3
    pixels = found[raised].bodies[0].pixels
    assert pixels[RIGHT, 1] < pixels[LEFT, 1]  # higher in the picture
    assert pixels[RIGHT, 0] < pixels[LEFT, 0]  # who faces the camera has the right hand to the left


def test_a_frame_keeps_its_picture_and_its_times(found, raising):
    for result, frame in zip(found, raising, strict=True):
        assert result.image is frame.image
        assert (result.index, result.time, result.t_capture) == (
            frame.index,
            frame.time,
            frame.t_capture,
        )


def test_the_field_of_view_moves_a_body_and_keeps_its_shape(found, raising, assembled):
    with PoseEstimator(assembled, horizontal_fov=90) as estimator:
        wide = joints([estimator(frame) for frame in raising[:3]])
    narrow = joints(found[:3])
    assert (wide[:, 0, 2] < narrow[:, 0, 2] - 0.3).all()
    np.testing.assert_allclose(wide - wide[:, :1], narrow - narrow[:, :1], atol=1e-6)


def test_two_people_stand_where_they_are_seen(raising, shared, assembled):
    other = read(shared / "data/video/both_hands_clap.mp4", [0, 4, 8])
    both = [
        np.hstack([frame.image, image]) for frame, image in zip(raising[:3], other, strict=True)
    ]
    with PoseEstimator(assembled, max_people=2) as estimator:
        result = [estimator(frame) for frame in frames(both)][-1]
    assert len(result.bodies) == 2
    on_left, on_right = sorted(result.bodies, key=lambda body: body.pixels[0, 0])
    assert on_left.joints[0, 0] > 0.3  # x grows to the sensor's left
    assert on_right.joints[0, 0] < -0.3


def test_an_empty_room_holds_nobody_and_the_model_stays_quiet(raising, assembled, capfd):
    empty = np.full((360, 640, 3), 90, np.uint8)
    with PoseEstimator(assembled) as estimator:
        assert estimator(VideoFrame(empty, 0, 0.0, 0.0)).bodies == ()
        assert len(estimator(VideoFrame(raising[0].image, 1, 0.5, 0.0)).bodies) == 1
    assert capfd.readouterr().err == ""


def test_a_clock_that_stands_or_jumps_back_is_no_trouble(raising, assembled):
    with PoseEstimator(assembled) as estimator:
        for seconds in (5.0, 5.0002, 5.0003, 1.0, 6.0):
            frame = VideoFrame(raising[0].image, 0, seconds, 0.0)
            assert len(estimator(frame).bodies) == 1


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((20, 20), np.uint8),
        np.zeros((20, 20, 4), np.uint8),
        np.zeros((20, 20, 3), np.float32),
        np.zeros((0, 20, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(image, assembled):
    with PoseEstimator(assembled) as estimator, pytest.raises(InputError, match="frame 7"):
        estimator(VideoFrame(image, 7, 0.0, 0.0))


@pytest.mark.parametrize(
    "options",
    [
        {"max_people": 0},
        {"min_confidence": 1.5},
        {"min_confidence": float("nan")},
        {"horizontal_fov": 0.0},
        {"horizontal_fov": 180.0},
        {"variant": "huge"},
    ],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(InputError):
        PoseEstimator(**options)


def test_a_bundle_of_rubbish_is_one_line(tmp_path):
    path = tmp_path / "rubbish.task"
    with zipfile.ZipFile(path, "w") as bundle:
        for name in ("pose_detector.tflite", "pose_landmarks_detector.tflite"):
            bundle.writestr(name, b"not a network")
    with pytest.raises(InputError) as info:
        PoseEstimator(path)
    assert str(path) in str(info.value)
    assert "\n" not in str(info.value)


def test_a_closed_estimator_says_so(raising, assembled):
    estimator = PoseEstimator(assembled)
    estimator.close()
    estimator.close()
    with pytest.raises(RuntimeError, match="closed"):
        estimator(raising[0])
