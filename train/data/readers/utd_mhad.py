"""UTD-MHAD: MATLAB files, 20 joints in an order of their own, metres, 30 fps."""

from pathlib import Path

import numpy as np
from scipy.io import loadmat

from bank.errors import InputError
from train.data.readers import ClipSource, register
from train.data.readers.files import make_clip, matching
from train.skeletons.clip import Clip
from train.skeletons.kinect_v1 import fill_from_20

_ACTIONS = (
    "right arm swipe to the left",
    "right arm swipe to the right",
    "right hand wave",
    "two hand front clap",
    "right arm throw",
    "cross arms in the chest",
    "basketball shoot",
    "right hand draw x",
    "right hand draw circle (clockwise)",
    "right hand draw circle (counter clockwise)",
    "draw triangle",
    "bowling",
    "front boxing",
    "baseball swing from right",
    "tennis forehand swing",
    "arm curl (two arms)",
    "tennis serve",
    "two hand push",
    "right hand knock on door",
    "right hand catch an object",
    "right hand pick up and throw",
    "jogging in place",
    "walking in place",
    "sit to stand",
    "stand to sit",
    "forward lunge (left foot forward)",
    "squat (two arms stretch out)",
)
# Their order is Head, ShoulderCenter, Spine, HipCenter, arms, legs; the SDK's begins at the hips.
_TO_SDK = (3, 2, 1, 0, *range(4, 20))
_FPS = 30.0


class UtdMhad:
    """Chen et al. 2015: 27 actions, 8 subjects, 4 trials."""

    name = "utd-mhad"

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        return [
            ClipSource(path, path.stem, _ACTIONS[int(match[1]) - 1], subject=match[2])
            for path, match in matching(root, r"a(\d+)_s(\d+)_t\d+_skeleton\.mat", self.name)
            if 1 <= int(match[1]) <= len(_ACTIONS)
        ]

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        try:
            skeleton = loadmat(source.path, variable_names=["d_skel"])["d_skel"]
        except KeyError:
            raise InputError(f"{source.path}: holds no d_skel") from None
        except Exception as error:  # loadmat raises whatever its parser stumbles over
            raise InputError(f"{source.path}: not a MATLAB file ({type(error).__name__})") from None
        if skeleton.ndim != 3 or skeleton.shape[:2] != (20, 3) or skeleton.dtype.kind not in "fiu":
            raise InputError(f"{source.path}: d_skel is {skeleton.shape}, not (20, 3, frames)")
        joints = skeleton.transpose(2, 0, 1).astype(np.float32)[:, _TO_SDK]
        return make_clip(source, self.name, fill_from_20(joints), np.arange(len(joints)) / _FPS)


register(UtdMhad())
