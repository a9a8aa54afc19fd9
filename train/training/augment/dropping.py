"""Joints that the sensor loses for a while, filled as the preparation fills them."""

from typing import Final

import torch
from torch import Tensor

from train.skeletons.joints import BONES, INDEX, JOINTS, SPINE_SHOULDER
from train.training.augment.draws import Draws

_PARENT: Final = dict(BONES)
_CHAINS: Final = (
    ("Elbow", "Wrist", "Hand", "HandTip", "Thumb"),
    ("Wrist", "Hand", "HandTip", "Thumb"),
    ("Hand", "HandTip", "Thumb"),
    ("Hip", "Knee", "Ankle", "Foot"),
    ("Knee", "Ankle", "Foot"),
    ("Ankle", "Foot"),
)


def _limbs() -> tuple[tuple[int, ...], ...]:
    """What may be lost together: a limb from any joint outwards, or a joint alone."""
    limbs = [
        tuple(INDEX[f"{joint}{side}"] for joint in chain)
        for chain in _CHAINS
        for side in ("Left", "Right")
    ]
    alone: list[tuple[int, ...]] = [(joint,) for joint in range(JOINTS) if joint != SPINE_SHOULDER]
    return tuple(limbs + alone)


LIMBS: Final = _limbs()


def _tables() -> tuple[Tensor, Tensor]:
    lost = torch.zeros(len(LIMBS), JOINTS, dtype=torch.bool)
    anchor = torch.zeros(len(LIMBS), dtype=torch.long)
    for number, limb in enumerate(LIMBS):
        lost[number, list(limb)] = True
        anchor[number] = _PARENT[limb[0]]
    return lost, anchor


# (L, V) which joints a loss takes, and (L,) the joint that the first of them hangs from.
_LOST, _ANCHOR = _tables()
_LONGEST: Final = 0.6  # of the window
_BRIDGED: Final = 0.2  # of the window: no longer gap is bridged linearly


def drop_joints(x: Tensor, draws: Draws, probability: float) -> Tensor:
    """In some windows a joint or a limb is absent for a while, and is filled.

    As in :func:`train.skeletons.gaps.fill_joints`, a short gap between two sightings is bridged
    linearly; in a longer one, or at an end, the joints keep the offset that they had at the nearest
    sighting from the joint that they hang from.

    Args:
        x: (N, 3, T, 25, M).
        draws: of the batch.
        probability: of a window to lose something.
    """
    frames = x.shape[2]
    chosen = draws.chosen(probability).nonzero()[:, 0]
    draws = draws.among(len(chosen))
    limb = (draws.share() * len(LIMBS)).long().clamp(max=len(LIMBS) - 1)
    length = (draws.share() * _LONGEST * frames).long().clamp(1, max(frames - 1, 1))
    first = (draws.share() * (frames + 1 - length)).long().clamp(min=0)
    if not len(chosen) or frames < 2:
        return x
    beyond = first + length  # the first frame after the gap; may be the window's end
    frame = torch.arange(frames, device=x.device)[None]
    lost = (frame >= first[:, None]) & (frame < beyond[:, None])
    before, after = first - 1, beyond
    before = torch.where(before < 0, after, before)
    after = torch.where(after >= frames, before, after)
    nearer_after = (after[:, None] - frame) < (frame - before[:, None])
    nearest = torch.where(nearer_after | (frame < before[:, None]), after[:, None], before[:, None])

    part = x[chosen]
    rows = torch.arange(len(chosen), device=x.device)
    anchor = part[rows, :, :, _ANCHOR.to(x.device)[limb]].unsqueeze(3)  # (n, 3, T, 1, M)
    offset = part - anchor
    held = anchor + offset.transpose(1, 2)[rows[:, None], nearest].transpose(1, 2)
    share = (frame - before[:, None]) / (after - before).clamp(min=1)[:, None]
    ends = part.transpose(1, 2)
    bridge = torch.lerp(
        ends[rows, before][:, :, None],
        ends[rows, after][:, :, None],
        share[:, None, :, None, None],
    )
    short = ((length <= _BRIDGED * frames) & (after > before))[:, None, None, None, None]
    filled = torch.where(short, bridge, held)
    taken = lost[:, None, :, None, None] & _LOST.to(x.device)[limb][:, None, None, :, None]
    return x.index_copy(0, chosen, torch.where(taken, filled, part))
