"""What keeps a bank safe on streams as they are, and how it is doing."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Guards:
    """Every guard, and how it is switched off.

    Attributes:
        segments: rows of one segment are one vote; False counts every row.
        memory: votes that a class remembers, older ones fade; None never forgets.
        gate: learn only from what is surely one of the classes. Off by default: it costs more in
            random order than it brings among strangers (docs/bank.md).
        unknown: share of what comes that :meth:`bank.PrototypeBank.gate` calls unknown.
        drift: forget faster while the features move away from what was learned.
        fallback: answer by text alone while the bank has collapsed.
        variety: leave more to the texts while neighbours in time are alike: of a stream in which
            one class runs for minutes little has been seen, however much has come.
    """

    segments: bool = True
    memory: int | None = 512
    gate: bool = False
    unknown: float = 0.05
    drift: bool = True
    fallback: bool = True
    variety: bool = True

    @classmethod
    def off(cls) -> "Guards":
        """No guard at all."""
        return cls(
            segments=False, memory=None, gate=False, drift=False, fallback=False, variety=False
        )


@dataclass(frozen=True)
class Health:
    """How a bank is doing, over about the last two hundred votes.

    Attributes:
        fallen_back: whether it answers by text alone.
        share: of its most frequent answer, 0 to 1.
        closeness: the greatest cosine between two prototypes with evidence; 0 if there are not two.
        disagreement: how often it answers otherwise than text alone would.
        drift: how far features have moved from what was learned, 0 (not) to 1.
        unknown: share of votes that the gate calls unknown.
        alike: how much nearer votes are to the one before than to any other, 0 to 1.
    """

    fallen_back: bool
    share: float
    closeness: float
    disagreement: float
    drift: float
    unknown: float
    alike: float
