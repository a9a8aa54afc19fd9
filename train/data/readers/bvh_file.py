"""The BVH format of motion capture: a tree of joints and, frame by frame, how each is turned."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from bank.errors import InputError
from train.data.readers.files import MAX_FRAMES, floats, read_text

# A minute of 70 joints at 120 frames a second is 10 MB and half a million positions.
_MAX_BYTES = 128 * 2**20
_MAX_JOINTS = 1000
_MAX_POSITIONS = 10_000_000
_MAX_VALUE = 1e9
_CHANNELS = {f"{axis}{kind}": (kind, axis) for axis in "XYZ" for kind in ("position", "rotation")}
_AXES = "XYZ"


@dataclass(frozen=True, eq=False)
class Motion:
    """A BVH file with its joints put where they are.

    Attributes:
        names: of J joints; the end of a chain is called ``<last joint>_end``.
        positions: (T, J, 3) in the file's unit and axes.
        frame_time: seconds between frames.
    """

    names: tuple[str, ...]
    positions: NDArray[np.float64]
    frame_time: float


@dataclass
class _Joint:
    name: str
    parent: int
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    channels: tuple[str, ...] = ()
    first_channel: int = 0


def read_bvh(path: Path) -> Motion:
    """Read a BVH file and work out its joints' positions (forward kinematics).

    A joint's position channels, where it has any, stand in for its OFFSET; rotations apply in the
    order in which their channels are listed.

    Raises:
        InputError: the file is damaged; one line says where.
    """
    lines = read_text(path, _MAX_BYTES).splitlines()
    joints, after = _hierarchy(path, lines)
    frame_time, values = _motion(path, lines, after, sum(len(j.channels) for j in joints))
    if len(values) * len(joints) > _MAX_POSITIONS:
        raise InputError(f"{path}: {len(values)} frames of {len(joints)} joints are no clip")
    return Motion(tuple(j.name for j in joints), _positions(joints, values), frame_time)


def _hierarchy(path: Path, lines: list[str]) -> tuple[list[_Joint], int]:
    """Joints, every parent before its children, and the index of the line after them."""
    joints: list[_Joint] = []
    open_joints: list[int] = []
    channels = 0
    for number, line in enumerate(lines, start=1):
        word, *rest = line.split() or [""]
        word = word.upper()
        if word in ("", "HIERARCHY", "{"):
            continue
        if word == "MOTION":
            if open_joints or not joints:
                raise InputError(f"{path}:{number}: MOTION begins before the hierarchy is complete")
            return joints, number
        if word in ("ROOT", "JOINT", "END"):
            if len(joints) >= _MAX_JOINTS:
                raise InputError(f"{path}:{number}: more than {_MAX_JOINTS} joints")
            if bool(open_joints) == (word == "ROOT"):
                raise InputError(f"{path}:{number}: {word} out of place; one ROOT holds all joints")
            if word == "ROOT" and joints:
                raise InputError(f"{path}:{number}: a second ROOT; only one person can be read")
            parent = open_joints[-1] if open_joints else -1
            name = f"{joints[parent].name}_end" if word == "END" else " ".join(rest)
            open_joints.append(len(joints))
            joints.append(_Joint(name, parent))
        elif word == "}" and open_joints:
            open_joints.pop()
        elif word == "OFFSET" and open_joints and len(rest) == 3:
            x, y, z = floats(rest, path, number)
            if not all(abs(value) < _MAX_VALUE for value in (x, y, z)):
                raise InputError(f"{path}:{number}: an OFFSET is NaN or impossibly large")
            joints[open_joints[-1]].offset = (x, y, z)
        elif word == "CHANNELS" and open_joints and rest[:1] == [str(len(rest) - 1)]:
            joint = joints[open_joints[-1]]
            joint.channels = tuple(rest[1:])
            joint.first_channel = channels
            known = set(joint.channels) <= _CHANNELS.keys()
            if not known or len(set(joint.channels)) < len(joint.channels):
                raise InputError(f"{path}:{number}: channels must be X, Y, Z position or rotation")
            channels += len(joint.channels)
        else:
            raise InputError(f"{path}:{number}: not BVH: {line.strip()[:40]!r}")
    raise InputError(f"{path}: not a whole BVH file: no MOTION in it")


def _motion(
    path: Path, lines: list[str], after: int, channels: int
) -> tuple[float, NDArray[np.float64]]:
    """Frame time and (T, channels) values."""
    head: dict[str, str] = {}
    while after < len(lines) and len(head) < 2:
        key, colon, value = lines[after].partition(":")
        after += 1
        if colon:
            head[" ".join(key.lower().split())] = value.strip()
        elif key.strip():
            break
    declared, step = head.get("frames", ""), head.get("frame time", "")
    if not (declared.isascii() and declared.isdecimal() and 0 < int(declared[:9]) <= MAX_FRAMES):
        raise InputError(f"{path}:{after}: Frames is {declared[:20]!r}, not 1 to {MAX_FRAMES}")
    try:
        frame_time = float(step)
    except ValueError:
        frame_time = math.nan
    if not 1e-4 <= frame_time <= 1:
        raise InputError(f"{path}:{after}: Frame Time is {step[:20]!r}, not in 0.0001 to 1 seconds")
    rows: list[NDArray[np.float64]] = []
    for number, line in enumerate(lines[after:], start=after + 1):
        cells = line.split()
        if not cells:
            continue
        if len(cells) != channels:
            raise InputError(f"{path}:{number}: {len(cells)} values for {channels} channels")
        rows.append(np.array(floats(cells, path, number)))
    if len(rows) != int(declared):
        raise InputError(f"{path}: {len(rows)} frames, not {declared} as it says; cut short?")
    values = np.array(rows).reshape(len(rows), channels)
    if not np.abs(values).max(initial=0) < _MAX_VALUE:  # NaN is not less
        raise InputError(f"{path}: holds NaN, infinite or impossible values")
    return frame_time, values


def _positions(joints: list[_Joint], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Forward kinematics, all frames at once: (T, J, 3)."""
    positions = np.empty((len(values), len(joints), 3))
    turns: list[Rotation] = []
    for index, joint in enumerate(joints):
        local = np.tile(np.array(joint.offset), (len(values), 1))
        order, angles = "", []
        for channel, name in enumerate(joint.channels, start=joint.first_channel):
            kind, axis = _CHANNELS[name]
            if kind == "position":
                local[:, _AXES.index(axis)] = values[:, channel]
            else:
                order += axis
                angles.append(values[:, channel])
        if joint.parent >= 0:
            parent = turns[joint.parent]
            positions[:, index] = positions[:, joint.parent] + parent.apply(local)
        else:
            parent = Rotation.identity(len(values))
            positions[:, index] = local
        if order:
            turn = Rotation.from_euler(order, np.stack(angles, axis=1), degrees=True)
            turns.append(parent * turn)
        else:
            turns.append(parent)
    return positions
