"""Bodies of other proportions, and bodies turned and sized as a whole."""

from typing import Final

import torch
from torch import Tensor

from train.skeletons.joints import BONES, JOINTS, MIRROR, SPINE_SHOULDER
from train.training.augment.draws import Draws

_PARENT: Final = dict(BONES)


def _paths() -> Tensor:
    """(V, V): 1 where the bone ending in joint k lies on the way from SpineShoulder to joint j."""
    paths = torch.zeros(JOINTS, JOINTS)
    for joint in range(JOINTS):
        here = joint
        while here != SPINE_SHOULDER:
            paths[joint, here] = 1
            here = _PARENT[here]
    return paths


_PATHS: Final = _paths()
# Of each pair of joints, left and right, the first; a joint of the midline is its own.
_ONE_OF_BOTH: Final = [min(joint, other) for joint, other in enumerate(MIRROR)]
_PARENTS: Final = [_PARENT.get(joint, joint) for joint in range(JOINTS)]


def reproportion(x: Tensor, draws: Draws, limit: float) -> Tensor:
    """Bones longer or shorter by up to ``limit``, left and right alike, directions kept.

    Args:
        x: (N, 3, T, 25, M), SpineShoulder at the origin.
        draws: of the batch.
        limit: largest relative change of a bone's length.
    """
    bodies = x.shape[4]
    factor = 1 + draws.either_way(limit, JOINTS, bodies)[:, _ONE_OF_BOTH]
    paths = _PATHS.to(x.device)
    bones = x - x[..., _PARENTS, :]
    bones *= factor[:, None, None].to(x.dtype)
    return torch.matmul(paths, bones) + x[..., SPINE_SHOULDER, None, :]


def turn_and_size(x: Tensor, angle: Tensor, size: Tensor) -> Tensor:
    """Turn windows about the vertical and size them.

    Args:
        x: (N, 3, T, V, M).
        angle: (N,) radians.
        size: (N,) factors.
    """
    cos, sin, zero = angle.cos() * size, angle.sin() * size, torch.zeros_like(angle)
    turn = torch.stack([cos, zero, -sin, zero, size, zero, sin, zero, cos], 1)
    return rotate(x, turn.view(-1, 3, 3))


def rotate(x: Tensor, rotation: Tensor) -> Tensor:
    """(N, 3, 3) matrices applied to the coordinates of (N, 3, T, V, M)."""
    return torch.bmm(rotation, x.reshape(len(x), 3, -1)).view(x.shape)
