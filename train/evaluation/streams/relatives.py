"""Published relatives of the bank, from their formulas, for comparison.

All work sample by sample on unit features. Where their authors let a sample change the classifier
before it is answered, here it is answered first, as everywhere in this evaluation.
"""

from heapq import heappush, heappushpop
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Rows = NDArray[np.float64]


class _OneByOne:
    """What the relatives have in common: unit texts, unit features, one sample at a time.

    Args:
        text: (K, d) class text features, any length.
        temperature: tau of the encoder's training; logits are cosines / tau.
    """

    def __init__(self, text: Tensor, temperature: float) -> None:
        self._text = _unit(text.double().numpy())
        self._scale: Final = 1 / temperature

    def predict(self, features: Tensor) -> Tensor:
        """(B, K) scores of (B, d) features; changes nothing."""
        return torch.from_numpy(self._scores(_unit(features.double().numpy())))

    def suspicion(self, features: Tensor) -> Tensor:
        """(B,) the best score, negated: none of them has a gate."""
        return -self.predict(features).amax(dim=1)

    def update(self, features: Tensor, segments: Tensor | None = None) -> None:
        """Learn from (B, d) features, one after another; they know of no segments."""
        for unit in _unit(features.double().numpy()):
            self._learn(unit)

    def settle(self, features: Tensor) -> Tensor:
        """(B,) classes that the present state gives to features seen before."""
        return self.predict(features).argmax(dim=1)

    def _scores(self, units: Rows) -> Rows:
        raise NotImplementedError

    def _learn(self, unit: Rows) -> None:
        raise NotImplementedError

    def _read(self, unit: Rows) -> tuple[int, float, Rows]:
        """What the texts say of a sample: class, entropy in nats, (K,) probabilities."""
        logits = (self._text @ unit) * self._scale
        weights = np.exp(logits - logits.max())
        shares = weights / weights.sum()
        entropy = -float(shares @ np.log(np.maximum(shares, 1e-300)))
        return int(logits.argmax()), entropy, shares


class RunningMean(_OneByOne):
    """The mean of all samples that the texts give to a class; its text until there is one."""

    def __init__(self, text: Tensor, temperature: float) -> None:
        super().__init__(text, temperature)
        self._sums = np.zeros_like(self._text)
        self._references = self._text.copy()

    def _scores(self, units: Rows) -> Rows:
        return units @ self._references.T

    def _learn(self, unit: Rows) -> None:
        k = int((self._text @ unit).argmax())
        self._sums[k] += unit
        self._references[k] = _unit(self._sums[k])


class T3A(_OneByOne):
    """T3A, of "Test-Time Classifier Adjustment Module for Model-Agnostic Domain Generalization"
    (Iwasawa and Matsuo, NeurIPS 2021).

    The support set of a class begins with its weight vector (here: the text), takes every sample
    that the first classifier gives to the class, and keeps the ``filter_size`` of smallest entropy;
    the class answers by their mean (Eq. 4 to 6). The authors choose M among 1, 5, 20, 50, 100 and
    all for each data set; we take 20 everywhere.

    Args:
        text: (K, d).
        temperature: tau.
        filter_size: M.
    """

    def __init__(self, text: Tensor, temperature: float, filter_size: int = 20) -> None:
        super().__init__(text, temperature)
        self._size: Final = filter_size
        self._sums = np.zeros_like(self._text)
        self._references = self._text.copy()
        # Heaps with the least certain on top; the running number keeps rows from being compared.
        self._supports: list[list[tuple[float, int, Rows]]] = [[] for _ in self._text]
        self._count = 0
        for k, own in enumerate(self._text):
            self._add(k, self._read(own)[1], own)

    def _scores(self, units: Rows) -> Rows:
        return units @ self._references.T

    def _learn(self, unit: Rows) -> None:
        k, entropy, _ = self._read(unit)
        self._add(k, entropy, unit)

    def _add(self, k: int, entropy: float, unit: Rows) -> None:
        self._count += 1
        sample = (-entropy, -self._count, unit)
        if len(self._supports[k]) < self._size:
            heappush(self._supports[k], sample)
        else:
            dropped = heappushpop(self._supports[k], sample)
            self._sums[k] -= dropped[2]
        self._sums[k] += unit
        self._references[k] = _unit(self._sums[k])


class TDA(_OneByOne):
    """TDA, of "Efficient Test-Time Adaptation of Vision-Language Models" (Karmanov et al., CVPR
    2024).

    Beside the text's logits there are two caches: the most certain samples of every class vote for
    it, and samples of middling certainty vote against the classes that they might be, each by
    A(z) = a exp(-b (1 - z F)) (Eq. 4 to 8), with the authors' settings: 3 samples a class, a = 2,
    b = 5 for; 2 samples, a = 0.117, b = 1 against, of normalised entropy 0.2 to 0.5 and
    probabilities above 0.03.
    """

    _POSITIVE: Final = (3, 2.0, 5.0)  # samples a class, a, b
    _NEGATIVE: Final = (2, 0.117, 1.0)
    _MIDDLING: Final = (0.2, 0.5)
    _LEAST: Final = 0.03

    def __init__(self, text: Tensor, temperature: float) -> None:
        super().__init__(text, temperature)
        classes = len(self._text)
        votes = np.eye(classes)
        self._positive = _Cache(*self._POSITIVE, votes, self._text.shape[1])
        self._negative = _Cache(*self._NEGATIVE, np.zeros((classes, classes)), self._text.shape[1])

    def _scores(self, units: Rows) -> Rows:
        logits = (units @ self._text.T) * self._scale
        scores: Rows = logits + self._positive.votes(units) - self._negative.votes(units)
        return scores

    def _learn(self, unit: Rows) -> None:
        k, entropy, shares = self._read(unit)
        self._positive.offer(k, entropy, unit, None)
        low, high = self._MIDDLING
        if low < entropy / np.log(len(self._text)) < high:
            self._negative.offer(k, entropy, unit, shares > self._LEAST)


class _Cache:
    """The most certain samples of every class, with what they vote for."""

    def __init__(self, size: int, a: float, b: float, votes: Rows, dimension: int) -> None:
        classes = len(votes)
        self._a, self._b = a, b
        self._keys = np.zeros((classes, size, dimension))
        self._entropies = np.full((classes, size), np.inf)
        self._votes = np.repeat(votes[:, None], size, axis=1)

    def offer(self, k: int, entropy: float, unit: Rows, vote: NDArray[np.bool_] | None) -> None:
        """Take a sample of class ``k`` in place of the least certain one, if it is more certain."""
        place = int(self._entropies[k].argmax())
        if entropy < self._entropies[k, place]:
            self._keys[k, place], self._entropies[k, place] = unit, entropy
            if vote is not None:
                self._votes[k, place] = vote

    def votes(self, units: Rows) -> Rows:
        """(B, K) votes for (B, d) units."""
        taken = np.isfinite(self._entropies)
        affinity = self._a * np.exp(-self._b * (1 - units @ self._keys[taken].T))
        sums: Rows = affinity @ self._votes[taken]
        return sums


def _unit(rows: Rows) -> Rows:
    """Rows of length one; a row of zeros stays one."""
    lengths = np.sqrt(np.square(rows).sum(axis=-1, keepdims=True))
    units: Rows = rows / np.maximum(lengths, 1e-12)
    return units
