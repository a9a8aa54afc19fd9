"""Alg. 2 for a checkpoint on the test clips of its fold."""

from train.evaluation.accuracy import ZeroShotResult, evaluate
from train.evaluation.fold_features import FoldFeatures


def zero_shot(tested: FoldFeatures, alpha: float = 0.9) -> dict[str, ZeroShotResult]:
    """Plain and aligned accuracy.

    Where a fold tests clips of seen classes too (a held-out set, another dataset), all clips are
    aligned and answered together, among all tested classes, and reported as ``unseen``, ``seen``
    and ``both``; the paper's cross-dataset figure is that over both.

    Args:
        tested: features of a fold.
        alpha: tolerance margin.
    """
    groups = {"unseen": tested.unseen, "seen": ~tested.unseen}
    if tested.unseen.any() and not tested.unseen.all():
        groups["both"] = tested.unseen | ~tested.unseen
    return evaluate(tested.features, tested.labels, tested.text, alpha, groups)
