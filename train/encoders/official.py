"""Weights of the published networks under our parameter names."""

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from bank.errors import InputError
from train.encoders.graph import spatial_partition
from train.encoders.shift_gcn import joint_shift

_ST_GCN_NAMES = (
    (r"^data_bn\.", "data_norm."),
    (r"^st_gcn_networks\.(\d+)\.", r"blocks.\1."),
    (r"\.tcn\.0\.", ".norm."),
    (r"\.tcn\.2\.", ".temporal."),
    (r"\.tcn\.3\.", ".temporal_norm."),
    (r"\.residual\.", ".shortcut."),
    (r"\.gcn\.conv\.", ".gcn."),
)
_SHIFT_GCN_NAMES = (
    (r"^data_bn\.", "data_norm."),
    (r"\.gcn1\.Linear_(weight|bias)$", r".spatial.\1"),
    (r"\.gcn1\.Feature_Mask$", ".spatial.mask"),
    (r"\.gcn1\.down\.0\.", ".spatial.shortcut.linear."),
    (r"\.gcn1\.down\.1\.", ".spatial.shortcut.norm."),
    (r"\.gcn1\.bn\.", ".spatial.norm."),
    (r"\.tcn1\.bn\.", ".norm."),
    (r"\.tcn1\.bn2\.", ".shift_norm."),
    (r"\.tcn1\.(shift_in|shift_out)\.ypos$", r".\1.offsets"),
    (r"\.tcn1\.temporal_linear\.", ".linear."),
    (r"\.residual\.conv\.", ".shortcut.linear."),
    (r"\.residual\.bn\.", ".shortcut.norm."),
)
_NEGLIGIBLE_SHIFT = 1e-4  # joints; the official horizontal offsets are about 1e-8


def st_gcn_from_official(state: Mapping[str, Tensor], parts: int = 3) -> dict[str, Tensor]:
    """Rename and reshape the official ST-GCN's state for :class:`train.encoders.st_gcn.STGCN`.

    The published 1x1 convolution (parts * out, in, 1, 1) becomes (parts, in, out); its adjacency
    is dropped, because ours is computed.

    Raises:
        InputError: the state is not that of an official ST-GCN, or its graph is another one.
    """
    graph = state.get("A")
    if graph is not None:
        body = torch.from_numpy(spatial_partition())
        if graph.shape != body.shape or not torch.allclose(graph, body, atol=1e-6):
            raise InputError("these weights are of another graph than the body's 25 joints (A)")
    renamed: dict[str, Tensor] = {}
    for official, tensor in state.items():
        if official == "A":
            continue
        name = _renamed(official, _ST_GCN_NAMES)
        if name.endswith(".gcn.weight"):
            tensor = tensor.reshape(parts, -1, tensor.shape[1]).transpose(1, 2)
        elif name.endswith(".gcn.bias"):
            tensor = tensor.reshape(parts, -1)
        renamed[name] = tensor
    if "data_norm.weight" not in renamed or not any(n.startswith("blocks.") for n in renamed):
        raise InputError("these weights are not an official ST-GCN: no data_bn or st_gcn_networks")
    return renamed


def is_shift_gcn(state: Mapping[str, Tensor]) -> bool:
    """Whether an official state is a Shift-GCN's, by its names."""
    return "data_bn.weight" in state and "l1.gcn1.Feature_Mask" in state


def shift_gcn_from_official(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename and reshape the official Shift-GCN's state for
    :class:`train.encoders.shift_gcn.ShiftGCN`.

    Dropped are its classifier, which PGFA does not use, its permutations, which ours computes and
    which are compared, and the horizontal offsets, which move nothing.

    Raises:
        InputError: the state is not that of an official Shift-GCN, or moves joints otherwise.
    """
    if not is_shift_gcn(state):
        raise InputError("these weights are not an official Shift-GCN: no data_bn or l1.gcn1")
    renamed: dict[str, Tensor] = {}
    for official, tensor in state.items():
        block = re.match(r"l(\d+)\.", official)
        if official.startswith("fc."):
            continue
        if re.search(r"\.gcn1\.shift_(in|out)$", official):
            _check_permutation(official, tensor)
        elif official.endswith(".xpos"):
            if tensor.abs().max() > _NEGLIGIBLE_SHIFT:
                raise InputError(f"these weights move joints by learned offsets ({official})")
        else:
            name = _renamed(official, _SHIFT_GCN_NAMES)
            if block is not None:
                name = f"blocks.{int(block[1]) - 1}." + name.partition(".")[2]
            if name.endswith((".mask", ".spatial.bias")):
                tensor = tensor.reshape(tensor.shape[-2:] if name.endswith(".mask") else (-1,))
            elif name.endswith("linear.weight"):
                tensor = tensor.flatten(1)
            renamed[name] = tensor
    return renamed


def _renamed(name: str, patterns: Sequence[tuple[str, str]]) -> str:
    for pattern, ours in patterns:
        name = re.sub(pattern, ours, name)
    return name


def _check_permutation(name: str, order: Tensor) -> None:
    ours = joint_shift(len(order) // 25, 1 if name.endswith("shift_in") else -1)
    if not torch.equal(ours, order.long()):
        raise InputError(f"these weights shift joints in another order than Shift-GCN ({name})")
