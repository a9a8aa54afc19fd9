"""Rigs: how the joints of a motion-capture skeleton become NTU-25, as JSON files.

Ours are ``rig_<name>.json`` beside this module; a user's own is a ``rig.json`` in the folder of the
recordings. Keys: ``joints``, NTU-25 names to joints of the rig; ``unit``, ``"m"``, ``"cm"``,
``"mm"``, ``"in"``, a number of metres or ``"auto"`` (the default: from the length of the legs);
``up``, ``"y"`` (default) or ``"z"``; ``file_name``, a regular expression of file names without
their ending, whose groups ``label`` and ``subject`` say what they are called for.

A joint is a name (``"LeftArm"``), a mixture whose weights sum to 1 (``{"Neck": 0.4, "Head": 0.6}``,
beyond a joint with ``{"LeftHand": 1.4, "LeftForeArm": -0.4}``), or a list of these, of which the
first that the file can give is taken. Names may leave out a prefix (``mixamorig:``) and do not
depend on case; the end of a chain is ``<last joint>_end``.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bank.errors import InputError
from train.data.readers.files import read_text
from train.skeletons.joints import INDEX, JOINTS, NTU_25

Mixture = Mapping[str, float]

_UNITS: Final = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254}
# What "auto" chooses from: the units above and that of the CMU recordings (inches / 0.45).
_AUTO: Final = (*_UNITS.values(), 0.0254 / 0.45)
_LEG_METRES: Final = 0.85
_LEG_RANGE: Final = (0.4, 1.3)

# Joints that a rig may leave out, and what they are made of: NTU joints, earlier ones first.
_FALLBACK: Final[dict[str, Mixture]] = {
    "SpineShoulder": {"ShoulderLeft": 0.5, "ShoulderRight": 0.5},
    "SpineMid": {"SpineBase": 0.5, "SpineShoulder": 0.5},
    "Neck": {"SpineShoulder": 0.65, "Head": 0.35},
    **{
        f"{part}{side}": {f"Hand{side}": 1.0}
        for part in ("HandTip", "Thumb")
        for side in ("Left", "Right")
    },
    **{f"Foot{side}": {f"Ankle{side}": 1.0} for side in ("Left", "Right")},
}


@dataclass(frozen=True)
class Rig:
    """One rig file, checked.

    Attributes:
        name: of the file, for messages.
        joints: NTU-25 name to the mixtures that may give it, best first.
        unit: metres in one unit of the recordings; None to tell from the length of the legs.
        up: ``y`` or ``z``.
        file_name: what file names tell; None for nothing.
    """

    name: str
    joints: Mapping[str, Sequence[Mixture]]
    unit: float | None
    up: str
    file_name: re.Pattern[str] | None

    def weights(self, names: Sequence[str]) -> NDArray[np.float64] | None:
        """(25, J) such that ``weights @ positions`` is NTU-25; None where joints are missing."""
        return None if self.missing(names) else self._weights(names)

    def missing(self, names: Sequence[str]) -> list[str]:
        """NTU-25 joints that a file with joints of these names cannot give."""
        places = _places(names)
        return [
            joint
            for joint in NTU_25
            if joint not in _FALLBACK and self._choose(joint, places) is None
        ]

    def _choose(self, joint: str, places: Mapping[str, int]) -> Mixture | None:
        for mixture in self.joints.get(joint, ()):
            if all(name in places for name in mixture):
                return mixture
        return None

    def _weights(self, names: Sequence[str]) -> NDArray[np.float64]:
        places = _places(names)
        matrix = np.zeros((JOINTS, len(names)))
        chosen = {joint: self._choose(joint, places) for joint in NTU_25}
        for joint, mixture in chosen.items():
            for name, weight in (mixture or {}).items():
                matrix[INDEX[joint], places[name]] = weight
        for joint, parts in _FALLBACK.items():
            if chosen[joint] is None:
                for part, weight in parts.items():
                    matrix[INDEX[joint]] += weight * matrix[INDEX[part]]
        return matrix

    def in_metres(self, joints: NDArray[np.float64], path: Path) -> NDArray[np.float64]:
        """(T, 25, 3) in the file's unit and axes to metres, y up.

        Raises:
            InputError: the unit is to be told from the legs, and they are of no human length.
        """
        if self.up == "z":
            joints = joints[..., [0, 2, 1]] * (1, 1, -1)
        if self.unit is not None:
            return joints * self.unit
        leg = [
            np.median(np.linalg.norm(joints[:, INDEX[a]] - joints[:, INDEX[b]], axis=-1))
            for side in ("Left", "Right")
            for a, b in ((f"Hip{side}", f"Knee{side}"), (f"Knee{side}", f"Ankle{side}"))
        ]
        length = max(sum(leg) / 2, 1e-12)
        unit = min(_AUTO, key=lambda unit: abs(np.log(length * unit / _LEG_METRES)))
        if not _LEG_RANGE[0] <= length * unit <= _LEG_RANGE[1]:
            raise InputError(
                f"{path}: legs of {length:.3g} units fit none known; set unit in a rig"
            )
        return joints * unit


def _plain(name: str) -> str:
    return name.rsplit(":", 1)[-1].casefold()


def _places(names: Sequence[str]) -> dict[str, int]:
    """Name, as compared, to place; the first of equal names counts."""
    return {_plain(name): place for place, name in reversed(list(enumerate(names)))}


def known_rigs() -> list[Rig]:
    """The rigs that come with the project."""
    folder = Path(str(files("train.data.readers")))
    return [load_rig(path) for path in sorted(folder.glob("rig_*.json"))]


@lru_cache(maxsize=64)
def load_rig(path: Path) -> Rig:
    """Read a rig file.

    Raises:
        InputError: it is not JSON, or not as told above.
    """
    try:
        rig = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: not JSON ({error})") from None
    if not isinstance(rig, dict) or not isinstance(rig.get("joints"), dict):
        raise InputError(f"{path}: a rig needs 'joints', a table of NTU-25 names to its own")
    unknown = set(rig) - {"about", "joints", "unit", "up", "file_name"}
    if unknown:
        raise InputError(f"{path}: a rig has no {sorted(unknown)[0]!r}")
    joints = {name: _mixtures(path, name, value) for name, value in rig["joints"].items()}
    lacking = [name for name in NTU_25 if name not in joints and name not in _FALLBACK]
    if lacking:
        raise InputError(f"{path}: the rig lacks {', '.join(lacking)}")
    if rig.get("up", "y") not in ("y", "z"):
        raise InputError(f"{path}: up is 'y' or 'z', not {rig['up']!r}")
    return Rig(
        name=path.name,
        joints=joints,
        unit=_unit(path, rig.get("unit", "auto")),
        up=rig.get("up", "y"),
        file_name=_pattern(path, rig.get("file_name")),
    )


def _mixtures(path: Path, joint: str, value: Any) -> list[Mixture]:
    if joint not in INDEX:
        raise InputError(f"{path}: {joint!r} is no NTU-25 joint; they are {', '.join(NTU_25)}")
    mixtures: list[Mixture] = []
    for choice in value if isinstance(value, list) else [value]:
        parts = {choice: 1.0} if isinstance(choice, str) else choice
        numbers = list(parts.values()) if isinstance(parts, dict) else []
        if not numbers or not all(type(n) in (int, float) and abs(n) < 100 for n in numbers):
            raise InputError(f"{path}: {joint} is neither a name, nor names with weights")
        if abs(sum(numbers) - 1) > 1e-6:
            raise InputError(f"{path}: the weights of {joint} sum to {sum(numbers):g}, not 1")
        mixtures.append({_plain(name): float(weight) for name, weight in parts.items()})
    return mixtures


def _unit(path: Path, unit: Any) -> float | None:
    if unit == "auto":
        return None
    if isinstance(unit, str) and unit in _UNITS:
        return _UNITS[unit]
    if type(unit) in (int, float) and 0 < unit < 1000:
        return float(unit)
    raise InputError(f"{path}: unit is {', '.join(_UNITS)}, auto or a number, not {unit!r}")


def _pattern(path: Path, pattern: Any) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    try:
        return re.compile(pattern)
    except (re.error, TypeError, RecursionError, OverflowError) as error:
        raise InputError(f"{path}: file_name is no regular expression ({error})") from None
