"""What training wrote into a checkpoint about its accuracy, in words."""

from collections.abc import Mapping
from typing import Any


def recorded(training: Mapping[str, Any]) -> list[str]:
    """One line for every way in which the run's accuracy was recorded.

    A run leaves two checkpoints, of its last epoch and of the one that was best on held-out clips
    of seen classes; each has its own epoch's figures. Where the run was asked to, both also have
    the best epochs on the test clips, which is what papers report and a choice by unseen labels.

    Args:
        training: ``CheckpointInfo.training``; older or imported files may have none of it.
    """
    lines = []
    epoch, kinds = training.get("epoch"), training.get("two_pass")
    if epoch is not None and isinstance(kinds, Mapping):
        for kind, result in kinds.items():
            if isinstance(result, Mapping):
                lines.append(
                    f"epoch {epoch}, {kind}: plain {result['plain']['overall']:.2%}, aligned "
                    f"{result['aligned']['overall']:.2%} (alpha {kinds['alpha']})"
                )
    best = training.get("paper_protocol")
    if isinstance(best, Mapping):
        lines.append(
            "best on test (paper protocol): "
            + ", ".join(
                f"{kind} {best[kind]['overall']:.2%} at epoch {best[kind]['epoch']}"
                for kind in ("plain", "aligned")
            )
        )
    return lines
