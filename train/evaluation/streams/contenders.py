"""Who is compared: anything that predicts, updates and settles."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Final, Protocol

from torch import Tensor

from bank import PrototypeBank
from bank.errors import InputError
from bank.guards import Guards
from train.evaluation.streams.features import FeatureSet
from train.evaluation.streams.relatives import T3A, TDA, RunningMean

LIVE_DEFAULT: Final = "anchored"


class Contender(Protocol):
    """What learns from a stream."""

    def predict(self, features: Tensor) -> Tensor:
        """(B, K) scores of (B, d) features; changes nothing."""
        ...

    def suspicion(self, features: Tensor) -> Tensor:
        """(B,) values that grow with the suspicion that a sample is of no class."""
        ...

    def update(self, features: Tensor, segments: Tensor) -> None:
        """Learn from (B, d) features, without labels.

        Rows with the same number in ``segments`` (B,) are near-duplicates: windows of one action.
        """
        ...

    def settle(self, features: Tensor) -> Tensor:
        """(B,) classes that the present state gives to features seen before."""
        ...


class Bank:
    """A :class:`bank.PrototypeBank` as a contender.

    Args:
        bank: the bank.
    """

    def __init__(self, bank: PrototypeBank) -> None:
        self._bank = bank
        self.predict = bank.predict
        self.update = bank.update
        self.settle = bank.settle

    def suspicion(self, features: Tensor) -> Tensor:
        """What its gate says, or, where that learns nothing, the best score, negated."""
        if self._bank.mode == "anchored":
            return 1 - self._bank.gate(features).score
        return -self._bank.predict(features).amax(dim=1)


@dataclass(frozen=True)
class Setting:
    """What a contender is made from.

    Attributes:
        text: (K, d) class text features.
        temperature: tau of the encoder's training.
        alpha: the paper's tolerance margin.
    """

    text: Tensor
    temperature: float
    alpha: float

    @classmethod
    def of(cls, data: FeatureSet, alpha: float) -> "Setting":
        """The setting that a feature file asks for."""
        return cls(data.text, data.temperature, alpha)


Maker = Callable[[Setting], Contender]

CONTENDERS: Final[Mapping[str, Maker]] = {
    "exact": lambda it: Bank(PrototypeBank(it.text, it.alpha, mode="exact")),
    LIVE_DEFAULT: lambda it: Bank(PrototypeBank(it.text, it.alpha, mode="anchored")),
    "running mean": lambda it: RunningMean(it.text, it.temperature),
    "T3A": lambda it: T3A(it.text, it.temperature),
    "TDA": lambda it: TDA(it.text, it.temperature),
}


def chosen(names: list[str] | None) -> dict[str, Maker]:
    """Contenders by name; None takes all.

    Raises:
        InputError: no such contender.
    """
    for name in names or []:
        if name not in CONTENDERS:
            raise InputError(f"no contender {name!r}; there are {', '.join(CONTENDERS)}")
    return {name: CONTENDERS[name] for name in names or CONTENDERS}


def other_guards() -> dict[str, Guards]:
    """The default guards with each one that is on switched off, the gate on, and none at all."""
    off, default = Guards.off(), Guards()
    variants = {
        f"no {one.name}": replace(default, **{one.name: getattr(off, one.name)})
        for one in fields(Guards)
        if getattr(off, one.name) != getattr(default, one.name)
    }
    return {**variants, "with gate": replace(default, gate=True), "no guard": off}


def guarded(guards: Guards) -> Maker:
    """The live default under some guards."""
    return lambda it: Bank(PrototypeBank(it.text, it.alpha, mode="anchored", guards=guards))
