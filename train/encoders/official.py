"""Weights of the published networks under our parameter names."""

import re
from collections.abc import Mapping

from torch import Tensor

from bank.errors import InputError

_ST_GCN_NAMES = (
    (r"^data_bn\.", "data_norm."),
    (r"^st_gcn_networks\.(\d+)\.", r"blocks.\1."),
    (r"\.tcn\.0\.", ".norm."),
    (r"\.tcn\.2\.", ".temporal."),
    (r"\.tcn\.3\.", ".temporal_norm."),
    (r"\.residual\.", ".shortcut."),
    (r"\.gcn\.conv\.", ".gcn."),
)


def st_gcn_from_official(state: Mapping[str, Tensor], parts: int = 3) -> dict[str, Tensor]:
    """Rename and reshape the official ST-GCN's state for :class:`train.encoders.st_gcn.STGCN`.

    The published 1x1 convolution (parts * out, in, 1, 1) becomes (parts, in, out); its adjacency
    is dropped, because ours is computed.

    Raises:
        InputError: the state is not that of an official ST-GCN.
    """
    renamed: dict[str, Tensor] = {}
    for official, tensor in state.items():
        if official == "A":
            continue
        name = official
        for pattern, ours in _ST_GCN_NAMES:
            name = re.sub(pattern, ours, name)
        if name.endswith(".gcn.weight"):
            tensor = tensor.reshape(parts, -1, tensor.shape[1]).transpose(1, 2)
        elif name.endswith(".gcn.bias"):
            tensor = tensor.reshape(parts, -1)
        renamed[name] = tensor
    if "data_norm.weight" not in renamed or not any(n.startswith("blocks.") for n in renamed):
        raise InputError("these weights are not an official ST-GCN: no data_bn or st_gcn_networks")
    return renamed
