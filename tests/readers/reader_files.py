"""Files in the formats of the readers, written from arrays, for the tests to read and to damage."""

import numpy as np

JOINT_TAIL = "277.4 191.8 1036.2 519.1 -0.2 0.05 0.96 -0.12 2"


def skeleton_text(frames, end="\r\n"):
    """A ``.skeleton`` file of frames, each a list of (25, 3) bodies."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for number, body in enumerate(bodies):
            lines.append(f"7205759403793110{number} 0 1 1 1 1 0 0.02 0.05 2")
            lines.append(str(len(body)))
            lines += [" ".join(f"{v:.9g}" for v in joint) + f" {JOINT_TAIL}" for joint in body]
    return end.join(lines) + end


def pku_text(bodies, end="\n"):
    """A PKU-MMD skeleton file of (T, 2, 25, 3) values."""
    rows = np.asarray(bodies).reshape(len(bodies), -1)
    return end.join(" ".join(f"{v:.9g}" for v in row) for row in rows) + end


def people(frames, bodies, seed=0):
    """(T, M, 25, 3) made-up positions that are nowhere zero and need not look like people."""
    values = np.random.default_rng(seed).uniform(0.1, 3.0, (frames, bodies, 25, 3))
    return values.astype(np.float32)


LIMB = """    JOINT {name}
    {{
      OFFSET {offset}
      CHANNELS 3 Zrotation Xrotation Yrotation
      {inside}
    }}
"""


def _chain(*bones):
    """Nested BVH joints of (name, offset); the last one ends in an End Site."""
    inside = "End Site { OFFSET 0 0 0 }".replace(" { ", "\n{\n").replace(" }", "\n}")
    for name, offset in reversed(bones):
        inside = LIMB.format(name=name, offset=offset, inside=inside)
    return inside


def bvh_text(rows, frame_time=0.01, prefix="", scale=1.0):
    """A BVH file of a person standing with arms out (Mixamo's names), facing +z, in metres.

    ``rows`` are dictionaries of channel values by (joint, channel); whatever is not in them is 0.
    """

    def offset(x, y, z):
        return f"{x * scale} {y * scale} {z * scale}"

    text = (
        "HIERARCHY\nROOT {0}Hips\n{{\n  OFFSET 0 0 0\n  CHANNELS 6 Xposition Yposition Zposition "
    )
    text += "Zrotation Xrotation Yrotation\n"
    text = text.format(prefix)
    for side, sign in (("Left", 1), ("Right", -1)):
        text += _chain(
            (f"{prefix}{side}UpLeg", offset(0.1 * sign, 0, 0)),
            (f"{prefix}{side}Leg", offset(0, -0.42, 0)),
            (f"{prefix}{side}Foot", offset(0, -0.42, 0)),
            (f"{prefix}{side}ToeBase", offset(0, -0.05, 0.15)),
        )
    text += _chain(
        (f"{prefix}Spine1", offset(0, 0.25, 0)),
        (f"{prefix}Neck", offset(0, 0.25, 0)),
        (f"{prefix}Head", offset(0, 0.12, 0)),
    )
    for side, sign in (("Left", 1), ("Right", -1)):
        text += _chain(
            (f"{prefix}{side}Arm", offset(0.18 * sign, 0.45, 0)),
            (f"{prefix}{side}ForeArm", offset(0.3 * sign, 0, 0)),
            (f"{prefix}{side}Hand", offset(0.25 * sign, 0, 0)),
        )
    text += "}\nMOTION\n"
    channels, joint = [], ""
    for line in text.splitlines():
        word, *rest = line.split() or [""]
        if word in ("ROOT", "JOINT"):
            joint = rest[0].removeprefix(prefix)
        elif word == "CHANNELS":
            channels += [(joint, channel) for channel in rest[1:]]
    text += f"Frames: {len(rows)}\nFrame Time: {frame_time}\n"
    for row in rows:
        text += " ".join(str(row.get(channel, 0)) for channel in channels) + "\n"
    return text
