"""The support set of one class in anchored mode: once for its prototype, once for its answers."""

from bank.anchored import NARROW, SHARPNESS
from bank.bounded import BinnedSupport
from bank.directions import Directions, Floats, StoredDirections
from bank.support import Weighed
from bank.texts import Readings


class AnchoredSupport:
    """S^k as sums of bins, twice, as settling and live answers choose from it differently.

    The prototype, by which the past is settled, is the paper's: Eq. 7's entropy and all of alpha.
    Live answers rest on less, chosen by the entropy of a sharper softmax.

    Args:
        alpha: tolerance margin.
        dimension: of the features.
        classes: K.
        memory: votes that are remembered; None for all.
    """

    def __init__(self, alpha: float, dimension: int, classes: int, memory: int | None) -> None:
        self.prototype = BinnedSupport(alpha, dimension, classes, memory, outweigh=True)
        self.answers = BinnedSupport(
            NARROW * alpha, dimension, classes, memory, outweigh=True, sharpness=SHARPNESS
        )

    @property
    def vote(self) -> float:
        """What the next sample weighs."""
        return self.prototype.vote

    @property
    def assigned(self) -> int:
        """|S^k|, the samples that came without labels and have not faded."""
        return self.prototype.assigned

    @property
    def enrolled(self) -> int:
        """Number of exemplars."""
        return self.prototype.enrolled

    @property
    def kept(self) -> float:
        """|Z^k|, exemplars included."""
        return self.prototype.kept

    @property
    def margin(self) -> Weighed:
        """Z^k and the exemplars."""
        return self.prototype.margin

    def refer(self, k: int, directions: StoredDirections, weights: Floats) -> float:
        """Write what answers rest on as row ``k`` of references; returns the weight."""
        return self.answers.refer(k, directions, weights)

    def add(self, readings: Readings, rows: Directions) -> None:
        """Take samples that were pseudo-labelled as this class."""
        self.prototype.add(readings, rows)
        self.answers.add(readings, rows)

    def remove(self, reading: Readings, row: Directions, vote: float) -> None:
        """Take back a sample that was added when a vote weighed ``vote``."""
        self.prototype.remove(reading, row, vote)
        self.answers.remove(reading, row, vote)

    def enroll(self, rows: Directions) -> None:
        """Take labelled exemplars."""
        self.prototype.enroll(rows)
        self.answers.enroll(rows)

    def forget(self, share: float) -> None:
        """Let all votes weigh ``share`` of what they did."""
        self.prototype.forget(share)
        self.answers.forget(share)

    def copy(self) -> "AnchoredSupport":
        """An independent set of the same sums."""
        twin = AnchoredSupport.__new__(AnchoredSupport)
        twin.prototype, twin.answers = self.prototype.copy(), self.answers.copy()
        return twin
