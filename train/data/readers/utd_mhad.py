"""UTD-MHAD: MATLAB files, 20 joints in an order of their own, metres, 30 fps."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat, whosmat

from bank.errors import InputError
from train.data.readers import ClipSource, register
from train.data.readers.files import (
    MAX_BYTES,
    MAX_FRAMES,
    check_plain,
    in_metres,
    make_clip,
    matching,
    numbered,
)
from train.skeletons.clip import Clip
from train.skeletons.kinect_v1 import fill_from_20

_NAMES = (
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
_ACTIONS = dict(enumerate(_NAMES, start=1))
# Their order is Head, ShoulderCenter, Spine, HipCenter, arms, legs; the SDK's begins at the hips.
_TO_SDK = (3, 2, 1, 0, *range(4, 20))
_FILE = r"a(\d{1,3})_s(\d{1,3})_t\d+_skeleton\.mat"
_FPS = 30.0


def _skeleton(path: Path) -> NDArray[np.float64]:
    """The array of a file, (20, 3, T); its shape is looked at before it is loaded."""
    check_plain(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: larger than any clip (over {MAX_BYTES // 2**20} MiB)")
        shapes = {name: shape for name, shape, _ in whosmat(path)}
        shape = shapes.get("d_skel", ())
        if shape[:2] != (20, 3) or len(shape) != 3 or not 0 < shape[2] <= MAX_FRAMES:
            raise InputError(f"{path}: d_skel is {shape}, not (20, 3, frames)")
        skeleton = loadmat(path, variable_names=["d_skel"])["d_skel"]
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except InputError:
        raise
    except Exception as error:  # the parser raises whatever it stumbles over
        raise InputError(f"{path}: damaged or not a MATLAB file ({type(error).__name__})") from None
    if skeleton.shape != shape or skeleton.dtype.kind not in "fiu":
        raise InputError(f"{path}: d_skel holds no numbers")
    return np.asarray(skeleton, dtype=np.float64)


class UtdMhad:
    """Chen et al. 2015: 27 actions, 8 subjects, 4 trials."""

    name = "utd-mhad"

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        return [
            numbered(path, self.name, _ACTIONS, int(match[1]), match[2])
            for path, match in matching(root, _FILE, self.name, "a1_s1_t1_skeleton.mat")
        ]

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        source.refuse_if_bad()
        joints = in_metres(_skeleton(source.path).transpose(2, 0, 1), source.path)[:, _TO_SDK]
        return make_clip(source, self.name, fill_from_20(joints), np.arange(len(joints)) / _FPS)


register(UtdMhad())
