"""Northwestern-UCLA: JSON, Kinect v1 joints in SDK order, metres, three views."""

import json
from pathlib import Path

import numpy as np

from bank.errors import InputError
from train.data.readers import ClipSource, register
from train.data.readers.files import make_clip, matching, read_text
from train.skeletons.clip import Clip
from train.skeletons.kinect_v1 import fill_from_20

_ACTIONS = {
    1: "pick up with one hand",
    2: "pick up with two hands",
    3: "drop trash",
    4: "walk around",
    5: "sit down",
    6: "stand up",
    8: "put on clothes",
    9: "take off clothes",
    11: "throw",
    12: "carry",
}
_FPS = 30.0


class NwUcla:
    """Wang et al. 2014: 10 actions, 10 subjects, 3 views."""

    name = "nw-ucla"

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        return [
            ClipSource(path, path.stem, _ACTIONS[int(match[1])], match[2], match[3])
            for path, match in matching(root, r"a(\d+)_s(\d+)_e\d+_v(\d+)\.json", self.name)
            if int(match[1]) in _ACTIONS
        ]

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        try:
            joints = np.array(json.loads(read_text(source.path))["skeletons"], dtype=np.float32)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(f"{source.path}: no skeletons in it ({error})") from None
        if joints.ndim != 3 or joints.shape[1:] != (20, 3):
            raise InputError(f"{source.path}: skeletons are {joints.shape}, not (frames, 20, 3)")
        return make_clip(source, self.name, fill_from_20(joints), np.arange(len(joints)) / _FPS)


register(NwUcla())
