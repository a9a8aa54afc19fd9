"""MediaPipe's pose landmarker for one video, opened and asked without surprises."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from realtime.poses.native import explain, failed_to_load, hushed, load

# MediaPipe's detector is unsure of people who fill less than a third of the picture. What it takes
# for somebody by mistake falls through the landmark network's own presence score afterwards.
_DETECTION: Final = 0.4  # of the confidence asked for
# With several people this option is no confidence: when the squares around two of them overlap by
# more than this (intersection over union), MediaPipe holds them for one and drops the second.
_OVERLAP: Final = 0.8


class Landmarker:
    """Finds up to so many people in pictures of one video.

    Args:
        path: a pose landmarker ``.task`` file.
        people: how many to find. With one, MediaPipe smooths the landmarks over time; with more it
            does not, and its person detector runs on every picture in which fewer are followed.
        min_confidence: 0..1; a body with less presence than this is dropped.

    Raises:
        InputError: the file is no such bundle, or a library of the system is missing.
    """

    def __init__(self, path: Path, people: int, min_confidence: float) -> None:
        self._mediapipe = load("mediapipe")
        self._settled = False  # whether native code has said what it says once
        vision = load("mediapipe.tasks.python.vision")
        options = vision.PoseLandmarkerOptions(
            base_options=self._mediapipe.tasks.BaseOptions(model_asset_path=str(path)),
            running_mode=vision.RunningMode.VIDEO,
            num_poses=people,
            min_pose_detection_confidence=_DETECTION * min_confidence,
            min_pose_presence_confidence=min_confidence,
            min_tracking_confidence=_OVERLAP if people > 1 else min_confidence,
        )
        try:
            with hushed():
                self._native: Any = vision.PoseLandmarker.create_from_options(options)
        except (OSError, ValueError, RuntimeError) as error:
            if isinstance(error, OSError) and failed_to_load(error):
                raise explain(error) from None
            raise InputError(
                f"{path}: MediaPipe refuses this pose model ({_reason(error)}); "
                "give another with --pose-model PATH"
            ) from None

    def __call__(self, rgb: NDArray[np.uint8], milliseconds: int, index: int) -> Any:
        """MediaPipe's result for the next picture.

        Args:
            rgb: (H, W, 3).
            milliseconds: later than those of the last picture.
            index: the frame's number, for messages.

        Raises:
            InputError: MediaPipe fails on it.
        """
        picture = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=rgb)
        try:
            if self._settled:
                return self._native.detect_for_video(picture, milliseconds)
            with hushed():
                found = self._native.detect_for_video(picture, milliseconds)
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(f"frame {index}: pose estimation failed ({_reason(error)})") from None
        self._settled = bool(found.pose_landmarks)
        return found

    def close(self) -> None:
        """Release the model."""
        self._native.close()


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
