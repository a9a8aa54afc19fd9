"""What the paper reports, to print beside our figures.

``paper.json`` keeps, by protocol or fold, the accuracies of PGFA in the paper's tables: means over
a protocol's folds, each of the epoch that was best on the unseen test clips.
"""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

_FIGURES = Path(str(files("train.evaluation"))) / "paper.json"


@dataclass(frozen=True)
class Reported:
    """The paper's figures for a fold, in per cent.

    Attributes:
        tables: where they stand.
        folds: number of folds they are the mean of.
        plain: without alignment, by style of the descriptions.
        aligned: aligned, by style.
        one_shot: with one exemplar a class.
        alpha: tolerance margin of the aligned figure, where the paper gives one.
    """

    tables: str
    folds: int
    plain: dict[str, float]
    aligned: dict[str, float]
    one_shot: float | None = None
    alpha: float | None = None

    def __str__(self) -> str:
        kinds = [("plain", self.plain), ("aligned", self.aligned)]
        parts = [
            f"{kind} " + ", ".join(f"{value:.2f}% ({style})" for style, value in figures.items())
            for kind, figures in kinds
            if figures
        ]
        if self.one_shot is not None:
            parts.append(f"one-shot {self.one_shot:.1f}%")
        mean = f"mean of {self.folds} folds, " if self.folds > 1 else ""
        alpha = "" if self.alpha is None else f", alpha {self.alpha}"
        return f"{'; '.join(parts)} ({self.tables}; {mean}best epoch on test{alpha})"


def reported(fold: str) -> Reported | None:
    """The paper's figures for a fold, e.g. ``setting1-ntu60/2``; None where it has none."""
    figures = json.loads(_FIGURES.read_text(encoding="utf-8"))
    protocol = fold.partition("/")[0]
    entry = figures.get(fold) or figures.get(protocol)
    return Reported(**entry) if entry else None
