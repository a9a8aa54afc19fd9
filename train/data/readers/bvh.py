"""Motion capture in BVH files, of any rig whose joints can be named."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from train.data.readers import ClipSource, register
from train.data.readers.bvh_file import read_bvh
from train.data.readers.files import in_metres, make_clip, matching
from train.data.readers.rigs import Rig, known_rigs, load_rig
from train.skeletons.clip import Clip
from train.skeletons.joints import SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_BASE

_RIG = "rig.json"
# Where a camera would stand: so far from the person, at the height of the hips.
_METRES_AWAY = 3.0


class Bvh:
    """BVH files below a folder.

    A ``rig.json`` in the folder says what the joints are called (:mod:`train.data.readers.rigs`);
    without it the rigs that come with the project are tried. The label is what the rig's
    ``file_name`` finds in the file's name, else the name of the subfolder that the file lies in.
    The name of a clip is its path below the folder, without the ending.

    Motion capture has no camera: one is put before the person, at hip height and 3 m away, so that
    the person faces it on average.
    """

    name = "bvh"

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        paths = [path for path, _ in matching(root, r"(?i:.+\.bvh)", self.name, "walk.bvh")]
        folders = (root, *root.resolve().parents[:2])
        settings = next((folder / _RIG for folder in folders if (folder / _RIG).is_file()), None)
        rigs = [load_rig(settings)] if settings else known_rigs()
        return [_source(root, path, settings, rigs) for path in paths]

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        source.refuse_if_bad()
        motion = read_bvh(source.path)
        rigs = [load_rig(source.settings)] if source.settings else known_rigs()
        for rig in rigs:
            weights = rig.weights(motion.names)
            if weights is not None:
                break
        else:
            lacking = min((rig.missing(motion.names) for rig in rigs), key=len)
            raise InputError(
                f"{source.path}: no rig finds {', '.join(lacking)} in it; name its joints in "
                f"{source.settings or _RIG}"
            )
        metres = rig.in_metres(np.matmul(weights, motion.positions), source.path)
        joints = in_metres(_before_camera(metres), source.path)
        times = np.arange(len(joints), dtype=np.float64) * motion.frame_time
        return make_clip(source, self.name, joints, times)


def _source(root: Path, path: Path, settings: Path | None, rigs: list[Rig]) -> ClipSource:
    below = path.relative_to(root).with_suffix("")
    told: dict[str, str | None] = {}
    for rig in rigs:
        match = rig.file_name.fullmatch(path.stem) if rig.file_name else None
        if match:
            told = match.groupdict()
            break
    folder = path.parent.name if path.parent != root else ""
    label = " ".join((told.get("label") or folder).replace("-", " ").replace("_", " ").split())
    name = below.as_posix()
    return ClipSource(path, name, label, subject=told.get("subject") or "", settings=settings)


def _before_camera(joints: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, 25, 3) metres, y up, moved and turned about y as a whole to face a camera at the origin.

    A person who faces the camera has the right shoulder on the +x side.
    """
    across = joints[:, SHOULDER_RIGHT] - joints[:, SHOULDER_LEFT]
    headings = across[:, 0] + 1j * across[:, 2]
    heading = complex(np.sum(headings / np.maximum(np.abs(headings), 1e-9)))
    # Who turns round and round faces nowhere on average, and may stay as they are.
    turn = heading.conjugate() / abs(heading) if abs(heading) > 1e-6 else 1
    plane = (joints[..., 0] + 1j * joints[..., 2]) * turn
    facing = np.stack([plane.real, joints[..., 1], plane.imag], axis=-1)
    away = np.array([0, 0, _METRES_AWAY])
    return np.asarray(facing - facing[:, SPINE_BASE].mean(axis=0) + away)


register(Bvh())
