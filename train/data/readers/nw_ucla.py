"""Northwestern-UCLA: JSON, Kinect v1 joints in SDK order, metres, three views."""

import json
from pathlib import Path

import numpy as np

from bank.errors import InputError
from train.data.readers import ClipSource, register
from train.data.readers.files import in_metres, make_clip, matching, numbered, read_text
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
_FILE = r"a(\d{1,3})_s(\d{1,3})_e\d+_v(\d{1,3})\.json"
_FPS = 30.0


class NwUcla:
    """Wang et al. 2014: 10 actions, 10 subjects, 3 views."""

    name = "nw-ucla"

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        return [
            numbered(path, self.name, _ACTIONS, int(match[1]), match[2], match[3])
            for path, match in matching(root, _FILE, self.name, "a01_s01_e00_v01.json")
        ]

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        source.refuse_if_bad()
        try:
            values = np.array(json.loads(read_text(source.path))["skeletons"], dtype=np.float64)
        except InputError:
            raise
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise InputError(
                f"{source.path}: not JSON with frames of 20 joints under 'skeletons'; cut short?"
            ) from None
        if values.ndim != 3 or values.shape[1:] != (20, 3):
            raise InputError(f"{source.path}: skeletons are {values.shape}, not (frames, 20, 3)")
        joints = in_metres(values, source.path)
        return make_clip(source, self.name, fill_from_20(joints), np.arange(len(joints)) / _FPS)


register(NwUcla())
