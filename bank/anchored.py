"""The anchored rule: from text to evidence, class by class, as evidence grows.

Features of skeletons lie nearer to each other than to any text (the modality gap). A class that has
a prototype would therefore win against all that still answer by their text. So a text's score is
first moved to the scale on which prototypes score, sample by sample, and then the two are mixed by
how much evidence each class has:

    p_k = cos(x, P_k) |P_k| / r_k              what the evidence says
    t_k = (c_k - c) s_p / s_c + p              what the text says, on the same scale
    score_k = a_k p_k + (1 - a_k) t_k          a_k = (1 - r) n_k / (n_k + 1)

with n_k votes of class k and r = 0.5 / (1 + n / 10), n the mean of n_k: a share that stays with
the text until there is much evidence. c_k is cos(x, w_k), c and p are the means of c_k and p_k over
the classes weighted by a_k, s_c is the spread of c_k over all classes and s_p that of p_k over
classes with evidence (at first that of c_k). A single class with evidence has t = p there and so
changes no answer; where all classes have much, the answers are those of the evidence.

P_k rests on the more certain part of Z^k (:mod:`bank.anchored_support`). ``docs/bank.md`` tells how
all this was chosen.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

NARROW: Final = 7 / 9  # of the tolerance margin: while there is little, be choosier
SHARPNESS: Final = 20.0  # one over the temperature of the entropy that is choosy
EXEMPLAR_VOTES: Final = 10.0  # the least that a labelled exemplar weighs
_HALF: Final = 1.0  # votes at which a class's text and evidence weigh the same, reserve aside
_RESERVE: Final = 0.5  # what stays with the text at first
_RESERVE_VOTES: Final = 10.0  # mean votes a class at which half of that is left
_LENGTH_VOTES: Final = 10.0  # pairs of votes at which a class's own resultant length counts half
_LENGTH: Final = 0.6  # resultant length before there is any evidence
_SPREAD_VOTES: Final = 2.0  # pairs with the spread of the prototypes' scores in the same way
_TINY: Final = 1e-12

Floats = NDArray[np.float64]


class Anchor:
    """What the rule needs to know of the evidence, kept up class by class.

    Args:
        classes: K.
    """

    def __init__(self, classes: int) -> None:
        self._numbers = [(0.0, 0.0, 0.0)] * classes  # votes, pairs, found
        self._votes = self._pairs = self._found = 0.0  # their sums
        self._weights: Floats = np.zeros((classes, 2))  # one over K, n_k / (n_k + 1)
        self._weights[:, 0] = 1.0 / classes
        self._means: Floats = np.zeros(classes)  # |P_k|
        # r_k^2 = (found + 10 common) / (pairs + 10): the two parts, without and with common
        self._own: Floats = np.zeros(classes)
        self._drawn: Floats = np.ones(classes)

    def set(self, k: int, votes: float, length: float, squares: float) -> None:
        """Tell what class ``k`` has by now.

        Args:
            k: the class.
            votes: n_k, the sum of the weights of what is in Z^k.
            length: of the weighted sum over Z^k, in units of one direction.
            squares: sum of the squares of the weights.
        """
        before = self._numbers[k]
        # Of n directions with resultant length r, E|sum|^2 = n + n (n - 1) r^2: pairs tell r.
        pairs = max(votes * votes - squares, 0.0)
        found = max(length * length - squares, 0.0)
        self._numbers[k] = (votes, pairs, found)
        self._votes += votes - before[0]
        self._pairs += pairs - before[1]
        self._found += found - before[2]
        self._weights[k, 1] = votes / (votes + _HALF)
        self._means[k] = length / votes if votes else 0.0
        self._own[k] = found / (pairs + _LENGTH_VOTES)
        self._drawn[k] = _LENGTH_VOTES / (pairs + _LENGTH_VOTES)

    def stretch(self) -> Floats:
        """(K,) |P_k| / r_k: what a prototype of few votes scores too little.

        A mean of few unit vectors points away from where it would end, and by its noise every
        cosine with it is too small. The r that its length tells is drawn to that of all classes
        where votes are few.
        """
        common = max(self._found, 0.0) + _LENGTH**2 * _LENGTH_VOTES
        squares = self._drawn * (common / (max(self._pairs, 0.0) + _LENGTH_VOTES))
        squares += self._own
        np.sqrt(squares, out=squares)
        return np.divide(self._means, squares, out=squares)

    def scores(self, cosines: Floats) -> Floats:
        """(B, K) scores of the anchored rule.

        Args:
            cosines: (B, 2, K) with the texts, and with the prototypes; of a class without
                evidence the latter are anything finite.
        """
        if not self._weights[:, 1].any():
            return cosines[:, 0]
        mean = self._votes / len(self._numbers)
        share = 1.0 - _RESERVE / (1.0 + mean / _RESERVE_VOTES)
        raised = cosines.copy()
        raised[:, 1] *= self.stretch()
        return blend(raised, self._weights, share)


def blend(scores: Floats, weights: Floats, share: float) -> Floats:
    """(B, K) scores: text and evidence on one scale, mixed.

    Args:
        scores: (B, 2, K) c_k and p_k; written over.
        weights: (K, 2) one over K, and a_k up to ``share``; not all zero.
        share: what of a_k is common to all classes.
    """
    grown = weights[:, 1].copy()
    total = float(np.add.reduce(grown))
    mixed = np.empty((len(scores), len(grown)))
    # Row by row: live there is one, and numbers cost less than arrays of one number.
    for out, both in zip(mixed, scores, strict=True):
        (mean, said), (_, near) = (both @ weights).tolist()
        (square, _), (_, near_square) = ((both * both) @ weights).tolist()
        spread = max(square - mean * mean, _TINY)
        level = near / total
        wide = share * max(near_square - level * near, 0.0) + _SPREAD_VOTES * spread
        scale = math.sqrt(wide / (share * total + _SPREAD_VOTES) / spread)
        c, p = both
        np.multiply(c, scale, out=out)
        out += level - said / total * scale  # t_k
        p -= out
        p *= grown
        p *= share
        out += p
    return mixed
