"""MediaPipe's pose landmarker as a stage: a picture in, bodies out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from realtime.frames import Body, BodyFrame, VideoFrame
from realtime.poses import kinect
from realtime.poses.bundle import Variant, find_bundle
from realtime.poses.crowd import Crowd
from realtime.poses.landmarker import Landmarker
from realtime.poses.native import load
from realtime.poses.people import real_people
from realtime.poses.placement import locate

_VISIBILITY: Final = 3  # column of a landmark


class PoseEstimator:
    """Estimates everybody's 25 joints in each frame of one video, in order.

    Nothing native is loaded before this is made, so recordings of poses replay without MediaPipe
    and OpenCV. The picture must not be mirrored, or left and right change places; Kinect's own
    colour stream (and NTU's videos) are mirrored, webcams as OpenCV reads them are not.

    Joints that the camera does not see are kept: the model places them where a body would have
    them, which serves a network that knows only whole skeletons better than holes do. How much of
    a body was seen is its ``confidence``, the mean visibility of shoulders, elbows, wrists, hips,
    knees and ankles.

    Args:
        bundle: a pose landmarker ``.task`` file; found or made (:func:`find_bundle`) when None.
        variant: which model to find: ``lite``, ``full`` or ``heavy``.
        max_people: bodies to look for; with more than one, the order may change between frames.
            Ghosts and duplicates are left out (:mod:`realtime.poses.people`).
        min_confidence: 0..1; below it a detection, or a body followed from frame to frame, is
            dropped.
        horizontal_fov: the camera's field of view in degrees, from which depth follows; 60 suits
            common webcams.

    Raises:
        InputError: a value is out of range, no bundle can be had or it is none, or MediaPipe or a
            library of the system it needs is missing.
    """

    def __init__(
        self,
        bundle: Path | None = None,
        variant: Variant = "full",
        max_people: int = 1,
        min_confidence: float = 0.5,
        horizontal_fov: float = 60.0,
    ) -> None:
        if max_people < 1:
            raise InputError(f"people to look for: {max_people}, must be at least 1")
        if not 0.0 <= min_confidence <= 1.0:
            raise InputError(f"pose confidence {min_confidence} must lie between 0 and 1")
        if not 1.0 <= horizontal_fov <= 170.0:
            raise InputError(f"field of view {horizontal_fov} must lie between 1 and 170 degrees")
        self._fov = horizontal_fov
        self._last_ms = -1
        self._cv2 = load("cv2")
        path = find_bundle(bundle, variant)
        self._crowd = Crowd(max_people)
        self._landmarkers = {
            people: Landmarker(path, people, min_confidence) for people in sorted({1, max_people})
        }

    def __call__(self, frame: VideoFrame) -> BodyFrame:
        """Estimate the bodies of one frame.

        Args:
            frame: the next picture, BGR, of any size.

        Returns:
            The bodies in no particular order; image, index and times are those of the frame.

        Raises:
            InputError: the image is no (H, W, 3) uint8 picture, or MediaPipe fails on it.
            RuntimeError: the estimator was closed.
        """
        if not self._landmarkers:
            raise RuntimeError("this pose estimator is closed")
        image = frame.image
        if image.ndim != 3 or image.shape[2] != 3 or image.size == 0 or image.dtype != np.uint8:
            raise InputError(
                f"frame {frame.index}: {image.shape} {image.dtype} is no BGR picture of bytes"
            )
        return BodyFrame(
            bodies=tuple(self._bodies(image, self._milliseconds(frame.time), frame.index)),
            index=frame.index,
            time=frame.time,
            t_capture=frame.t_capture,
            image=frame.image,
            t_mono=frame.t_mono,
        )

    def _bodies(self, image: NDArray[np.uint8], milliseconds: int, index: int) -> list[Body]:
        """Everybody in the next picture, asked for as :class:`Crowd` says."""
        rgb = self._cv2.cvtColor(image, self._cv2.COLOR_BGR2RGB)
        aspect = image.shape[0] / image.shape[1]
        now = milliseconds / 1000

        def find(people: int) -> list[Body]:
            found = self._landmarkers[people](rgb, milliseconds, index)
            pairs = zip(found.pose_landmarks, found.pose_world_landmarks, strict=True)
            rough = people > 1  # MediaPipe smooths those of one person only
            bodies = (self._body(seen, world, aspect, rough) for seen, world in pairs)
            return real_people([body for body in bodies if body is not None], aspect)

        crowd = self._crowd
        if crowd.several(now):
            bodies = find(crowd.most)
        else:
            bodies = find(crowd.most) if crowd.look(now) else []
            if len(bodies) < 2:  # nobody new: the usual, smoother answer
                bodies = find(1) or bodies
        crowd.saw(len(bodies), now)
        return bodies

    def _milliseconds(self, seconds: float) -> int:
        """The video clock MediaPipe wants: whole milliseconds, each later than the last."""
        self._last_ms = max(round(seconds * 1000), self._last_ms + 1)
        return self._last_ms

    def _body(
        self, seen: Sequence[Any], world: Sequence[Any], aspect: float, rough: bool
    ) -> Body | None:
        image = np.array([(mark.x, mark.y, mark.z, mark.visibility or 0.0) for mark in seen])
        points = kinect.to_camera_space(np.array([(mark.x, mark.y, mark.z) for mark in world]))
        visibility = image[:, _VISIBILITY]
        place = locate(points, image[:, :2], visibility, aspect=aspect, horizontal_fov=self._fov)
        if place is None:  # a ghost: no body before the camera looks like this
            return None
        return Body(
            joints=(kinect.blend(points) + place).astype(np.float32),
            pixels=kinect.blend(image[:, :2]).astype(np.float32),
            confidence=float(np.clip(visibility[list(kinect.LIMBS)].mean(), 0.0, 1.0)),
            rough=rough,
        )

    def close(self) -> None:
        """Release the models; closing twice does nothing."""
        for landmarker in self._landmarkers.values():
            landmarker.close()
        self._landmarkers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
