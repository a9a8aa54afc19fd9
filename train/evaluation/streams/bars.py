"""The bars of the progressive evaluation: what a live bank has to keep, and not to lose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from train.evaluation.streams.progressive import TEXT, TWO_PASS, Figures

WORTH_KEEPING: Final = 0.03  # where two passes gain less there is nothing to keep a share of
KEPT_WHOLE: Final = 0.85
KEPT_SECOND_HALF: Final = 0.95
MEAN_LOSS: Final = 0.005
WORST_LOSS: Final = 0.03
STRANGERS_LOSS: Final = 0.01
_ROUNDING: Final = 1e-9

Results = Mapping[str, Mapping[str, Figures]]  # stream -> contender -> figures


@dataclass(frozen=True)
class Bar:
    """One bar and what a contender reached.

    Attributes:
        stream: name of the stream.
        says: what is measured.
        value: what was reached: a share of two-pass's gain, or a difference of accuracies.
        least: what has to be reached.
        share: whether ``value`` is a share.
    """

    stream: str
    says: str
    value: float
    least: float
    share: bool = False

    @property
    def passed(self) -> bool:
        """Whether the bar was reached."""
        return self.value >= self.least - _ROUNDING


def gain(figures: Mapping[str, Figures]) -> float:
    """What two passes gain over the texts, on one stream, in the mean over its orders."""
    return float((figures[TWO_PASS].whole - figures[TEXT].whole).mean())


def bars(results: Results, contender: str) -> list[Bar]:
    """All bars that a contender's streams allow to judge.

    Shares are ratios of means over orders. What a contender loses against the texts is taken order
    by order.

    Args:
        results: figures of the contender, the texts and the two passes.
        contender: whom to judge.
    """
    judged: list[Bar] = []
    for stream, figures in results.items():
        if contender in figures:
            judged += _shares(stream, figures, contender)
            judged += _losses(stream, figures, contender)
    if "unknown" in results and "iid" in results and contender in results["unknown"]:
        # The same seeds have the known samples in the same order in both streams.
        loss = results["unknown"][contender].whole - results["iid"][contender].whole
        judged.append(Bar("unknown", "against iid", float(loss.mean()), -STRANGERS_LOSS))
    return judged


def _shares(stream: str, figures: Mapping[str, Figures], contender: str) -> list[Bar]:
    if stream != "iid":
        return []
    text, two_pass, own = figures[TEXT], figures[TWO_PASS], figures[contender]

    def share(part: str, least: float, says: str) -> Bar:
        floor, ceiling = getattr(text, part).mean(), getattr(two_pass, part).mean()
        reached = getattr(own, part).mean() - floor
        possible = ceiling - floor
        value = float(reached / possible) if possible > 0 else float("nan")
        return Bar(stream, says, value, least, share=True)

    return [
        share("whole", KEPT_WHOLE, "kept, whole stream"),
        share("second_half", KEPT_SECOND_HALF, "kept, second half"),
        share("settled", 1.0, "kept, settled"),
    ]


def _losses(stream: str, figures: Mapping[str, Figures], contender: str) -> list[Bar]:
    if stream == "iid":
        return []
    differences = figures[contender].whole - figures[TEXT].whole
    return [
        Bar(stream, "against text, mean", float(differences.mean()), -MEAN_LOSS),
        Bar(stream, "against text, worst order", float(differences.min()), -WORST_LOSS),
    ]
