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

from typing import Final

import numpy as np

from bank.compiled import compiled
from bank.directions import Floats

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


@compiled
def blend(products: Floats, weights: Floats) -> None:
    """Turn cosines with the prototypes into scores of the anchored rule.

    Args:
        products: (B, P) that begin with the K cosines with the texts and then those with the
            prototypes, which are written over; of a class without evidence the latter are anything
            finite.
        weights: (K, 3) n_k, the sums of the weights of what is in Z^k; lengths of the weighted
            sums over Z^k, in units of one direction; sums of the squares of the weights.
    """
    classes = len(weights)
    grown = np.empty(classes)  # a_k up to the share, which all classes have in common
    votes = total = 0.0
    for k in range(classes):
        grown[k] = weights[k, 0] / (weights[k, 0] + _HALF)
        votes += weights[k, 0]
        total += grown[k]
    share = 1.0 - _RESERVE / (1.0 + votes / classes / _RESERVE_VOTES)
    stretched = stretch(weights)
    for row in range(len(products)):
        texts, scores = products[row, :classes], products[row, classes:]
        mean = square = said = near = near_square = 0.0
        for k in range(classes):
            c, p = texts[k], scores[k] * stretched[k]
            mean += c / classes
            square += c * c / classes
            said += c * grown[k]
            near += p * grown[k]
            near_square += p * p * grown[k]
        spread = max(square - mean * mean, _TINY)  # s_c^2
        if total == 0.0:
            for k in range(classes):
                scores[k] = texts[k]
            continue
        level = near / total
        wide = share * max(near_square - level * near, 0.0) + _SPREAD_VOTES * spread
        scale = np.sqrt(wide / (share * total + _SPREAD_VOTES) / spread)
        for k in range(classes):
            t = (texts[k] - said / total) * scale + level
            scores[k] = t + share * grown[k] * (scores[k] * stretched[k] - t)


@compiled
def stretch(weights: Floats) -> Floats:
    """(K,) |P_k| / r_k: what a prototype of few votes scores too little; (K, 3) weights as above.

    A mean of few unit vectors points away from where it would end, and by its noise every cosine
    with it is too small. Of n directions with resultant length r, E|sum|^2 = n + n (n - 1) r^2, so
    pairs tell r; where votes are few, it is drawn to that of all classes.
    """
    classes = len(weights)
    own = np.empty((classes, 2))  # what the pairs of a class say, and how many there are
    found, pairs = _LENGTH**2 * _LENGTH_VOTES, _LENGTH_VOTES
    for k in range(classes):
        votes, length, squares = weights[k, 0], weights[k, 1], weights[k, 2]
        own[k, 0] = max(length * length - squares, 0.0)
        own[k, 1] = max(votes * votes - squares, 0.0)
        found += own[k, 0]
        pairs += own[k, 1]
    common = _LENGTH_VOTES * found / pairs
    stretched = np.zeros(classes)
    for k in range(classes):
        if weights[k, 0] > 0.0:
            mean = weights[k, 1] / weights[k, 0]
            stretched[k] = mean / np.sqrt((own[k, 0] + common) / (own[k, 1] + _LENGTH_VOTES))
    return stretched
