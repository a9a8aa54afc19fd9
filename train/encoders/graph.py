"""The spatial graph of the body that ST-GCN aggregates over."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from train.skeletons.joints import BONES, JOINTS, SPINE_SHOULDER


def spatial_partition(
    bones: Sequence[tuple[int, int]] = BONES,
    joints: int = JOINTS,
    centre: int = SPINE_SHOULDER,
) -> NDArray[np.float32]:
    """Normalised adjacency of ST-GCN's "spatial configuration" partition, as published.

    Every joint's neighbourhood (itself and the joints one bone away) is divided into three: the
    joint itself; neighbours no nearer to the centre; neighbours nearer to it. Columns are divided
    by the size of the whole neighbourhood. The published code measures distance to the centre only
    up to one bone, so that all joints further away count as equally far; networks are exchanged on
    this graph, so it is kept.

    Returns:
        (3, V, V) float32; entry ``[k, v, w]`` weighs what joint ``w`` takes from joint ``v``.
    """
    near = np.eye(joints, dtype=bool)
    for a, b in bones:
        near[a, b] = near[b, a] = True
    from_centre = np.where(near[:, centre], 1, 2)
    from_centre[centre] = 0

    itself = np.eye(joints, dtype=bool)
    nearer = from_centre[:, None] < from_centre[None, :]
    weights = near / near.sum(axis=0, keepdims=True)
    return np.stack(
        [weights * itself, weights * (~itself & ~nearer), weights * (~itself & nearer)]
    ).astype(np.float32)
