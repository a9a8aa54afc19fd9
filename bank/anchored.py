"""The anchored rule: from text to evidence, class by class, as evidence grows.

Features of skeletons lie nearer to each other than to any text (the modality gap). A class that has
a prototype would therefore win against all that still answer by their text. So a text's score is
first moved to the scale on which prototypes score, sample by sample, and then the two are mixed by
how much evidence each class has:

    p_k = cos(x, P_k) |P_k| / r_k              what the evidence says
    t_k = (c_k - c) s_p / s_c + p              what the text says, on the same scale
    score_k = a_k p_k + (1 - a_k) t_k          a_k = (1 - r) n_k / (n_k + 1)

with n_k votes of class k and r = 0.3 / (1 + n / 5), n the mean of n_k: a share that stays with
the text until there is much evidence. c_k is cos(x, w_k), c and p are the means of c_k and p_k over
the classes weighted by a_k, s_c is the spread of c_k over all classes and s_p that of p_k over
classes with evidence (at first that of c_k). A single class with evidence has t = p there and so
changes no answer; where all classes have much, the answers are the two passes'. ``docs/bank.md``
tells how the rule was chosen.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

_HALF: Final = 1.0  # votes at which a class's text and evidence weigh the same, reserve aside
_RESERVE: Final = 0.3  # what stays with the text at first
_RESERVE_VOTES: Final = 5.0  # mean votes a class at which half of that is left
_LENGTH_VOTES: Final = 10.0  # pairs of votes at which a class's own resultant length counts half
_SPREAD_VOTES: Final = 2.0  # the same for the spread of the prototypes' scores
_TINY: Final = 1e-12
_LENGTH: Final = 0.6  # resultant length before there is any evidence

Scores = NDArray[np.float64]


def evidence_weight(votes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K,) a_k of (K,) votes n_k."""
    reserve = _RESERVE / (1.0 + float(np.add.reduce(votes)) / len(votes) / _RESERVE_VOTES)
    return (1.0 - reserve) * votes / (votes + _HALF)


def stretch(votes: NDArray[np.float64], lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K,) |P_k| / r_k: what a prototype of few votes scores too little.

    A mean of few unit vectors points away from where it would end, and by its noise every cosine
    with it is too small: of n directions with resultant length r, E|sum|^2 = n + n (n - 1) r^2.
    The r that follows is drawn to that of all classes where votes are few.

    Args:
        votes: (K,) n_k.
        lengths: (K,) lengths of the sums over Z^k, in units of one direction.
    """
    pairs = np.maximum(votes * (votes - 1.0), 0.0)
    found = np.maximum(lengths**2 - votes, 0.0)
    common = float(np.add.reduce(found)) + _LENGTH**2 * _LENGTH_VOTES
    common /= float(np.add.reduce(pairs)) + _LENGTH_VOTES
    expected = np.sqrt((found + _LENGTH_VOTES * common) / (pairs + _LENGTH_VOTES))
    ratio: NDArray[np.float64] = lengths / (np.maximum(votes, 1.0) * expected)
    return ratio


def blend(text: Scores, evidence: Scores, weight: NDArray[np.float64]) -> Scores:
    """(B, K) scores of the anchored rule.

    Args:
        text: (B, K) c_k, cosines with the texts.
        evidence: (B, K) p_k; anything finite where a class has none.
        weight: (K,) a_k.
    """
    total = float(np.add.reduce(weight))
    if total <= 0.0:
        return text
    share = weight / total
    mixed = np.empty_like(evidence)
    # Row by row: live there is one, and numbers cost less than arrays of one number.
    for row, (c, p) in enumerate(zip(text, evidence, strict=True)):
        level = float(p @ share)
        apart = c - float(np.add.reduce(c)) / len(c)
        spread = float(apart @ apart) / len(c)
        away = p - level
        wide = (float((away * away) @ weight) + _SPREAD_VOTES * spread) / (total + _SPREAD_VOTES)
        said = (c - float(c @ share)) * math.sqrt(wide / max(spread, _TINY))
        mixed[row] = said + weight * (away - said) + level
    return mixed
