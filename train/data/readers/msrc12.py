"""MSRC-12: continuous recordings of one gesture repeated, each repetition tagged by one moment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from train.data.readers import ClipSource, register
from train.data.readers.files import in_metres, make_clip, matching, read_numbers, read_text
from train.skeletons.clip import Clip
from train.skeletons.kinect_v1 import fill_from_20

# Gesture numbers in our own words.
GESTURES: Final = {
    1: "raise both arms",
    2: "crouch",
    3: "push to the right",
    4: "put on goggles",
    5: "wind up",
    6: "shoot a pistol",
    7: "bow",
    8: "throw",
    9: "hands on the head",
    10: "change weapon",
    11: "beat both arms",
    12: "kick",
}
_FILE = r"P\d_\d_(\d{1,2})A?_p(\d{2})\.csv"
_EXAMPLE = "P1_1_10_p06.csv"
_JOINTS = 20
# A tag is a point in time. A clip reaches from the gesture's beginning to its end about it.
_BEFORE, _AFTER = 1.5, 0.8


@dataclass(frozen=True, eq=False)
class TaggedRecording:
    """A continuous recording with the action points of its gestures.

    Attributes:
        name: the file's name without its ending.
        subject: who performs.
        joints: (T, 1, 25, 3) float32 metres; NaN where nobody was tracked.
        times: (T,) float64 seconds, from 0.
        tags: (N,) float64 seconds, increasing: the moment in every repetition at which it is plain
            which gesture it is.
        labels: of every tag.
    """

    name: str
    subject: str
    joints: NDArray[np.float32]
    times: NDArray[np.float64]
    tags: NDArray[np.float64]
    labels: tuple[str, ...]


class Msrc12:
    """Fothergill et al. 2012: 12 gestures, 30 persons; about ten repetitions a recording."""

    name = "msrc12"

    def find(self, root: Path) -> list[ClipSource]:
        """Every repetition is a clip, from 1.5 s before its action point to 0.8 s after it.

        See :class:`train.data.readers.Reader`.
        """
        sources = []
        for path, match in matching(root, _FILE, self.name, _EXAMPLE):
            label, subject = GESTURES.get(int(match[1]), ""), f"p{match[2]}"
            try:
                if not label:
                    raise InputError(f"{path}: {self.name} has no gesture {match[1]}")
                times = _times(path)
                tags = _tags(path)
            except InputError as error:
                sources.append(ClipSource(path, path.stem, label, subject, problem=str(error)))
                continue
            for number, (moment, said) in enumerate(tags):
                start = int(np.searchsorted(times, moment - _BEFORE * 1e6))
                end = int(np.searchsorted(times, moment + _AFTER * 1e6, "right"))
                problem = "" if start < end else f"{path}: tag {number + 1} lies outside it"
                name = f"{path.stem}_{number + 1:02}"
                sources.append(
                    ClipSource(path, name, said, subject, start=start, end=end, problem=problem)
                )
        return sources

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        source.refuse_if_bad()
        joints, times = _read(source.path)
        part = slice(source.start, source.end)
        return make_clip(source, self.name, joints[part], times[part] - times[part][0])


def read_recordings(root: Path) -> list[TaggedRecording]:
    """All recordings below a folder, sorted by path.

    Raises:
        InputError: the folder is missing, holds none, or a file is damaged.
    """
    recordings = []
    for path, match in matching(root, _FILE, Msrc12.name, _EXAMPLE):
        joints, times = _read(path)
        tags = _tags(path)
        start = float(_times(path)[0])
        recordings.append(
            TaggedRecording(
                name=path.stem,
                subject=f"p{match[2]}",
                joints=joints[:, None],
                times=times,
                tags=np.array([(moment - start) / 1e6 for moment, _ in tags]),
                labels=tuple(label for _, label in tags),
            )
        )
    return recordings


def _read(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """(T, 25, 3) joints and (T,) seconds from 0."""
    values = read_numbers(path, 1 + 4 * _JOINTS)
    micros = values[:, 0]
    if (np.diff(micros) <= 0).any():
        raise InputError(f"{path}: times do not increase")
    points = values[:, 1:].reshape(-1, _JOINTS, 4)
    # The fourth number tells whether the joint was seen; where nobody is, all are zeros.
    return fill_from_20(in_metres(points[..., :3], path)), (micros - micros[0]) / 1e6


def _times(path: Path) -> NDArray[np.float64]:
    """(T,) microseconds, the first column."""
    try:
        return np.array([float(line.split(None, 1)[0]) for line in read_text(path).splitlines()])
    except (ValueError, IndexError):
        raise InputError(f"{path}: a line does not begin with a time") from None


def _tags(path: Path) -> list[tuple[float, str]]:
    """Action points, microseconds of the recording's clock, and their gestures, in time order."""
    file = path.with_suffix(".tagstream")
    tags = []
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        if number == 1 or not line.strip():
            continue
        tick, semicolon, gesture = line.partition(";")
        code = gesture.split()[0] if gesture.split() else ""
        label = GESTURES.get(int(code[1:])) if code[:1] == "G" and code[1:].isdigit() else None
        if not (semicolon and tick.isdigit() and label):
            raise InputError(f"{file}:{number}: not a tag like `39781663187;G1 name`")
        # Ticks of the recording computer's counter, in thousandths of its 49.875 a microsecond.
        tags.append(((int(tick) * 1000 + 24937.5) / 49875, label))
    return sorted(tags)


register(Msrc12())
