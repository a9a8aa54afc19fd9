"""The anchored rule: from text to evidence, class by class, as evidence grows.

Features of skeletons lie nearer to each other than to any text (the modality gap). A class that has
a prototype would therefore win against all that still answer by their text. So a text's score is
first moved to the scale on which prototypes score, sample by sample, and then the two are mixed by
how much evidence each class has:

    p_k = cos(x, P_k) |P_k| / r_k              what the evidence says
    t_k = (c_k - c) s_p / s_c + p              what the text says, on the same scale
    score_k = a_k p_k + (1 - a_k) t_k          a_k = (1 - r) n_k / (n_k + 1)

with n_k votes of class k and r = 0.5 / (1 + n / 10): a share that stays with the text until there
is much evidence. n is the mean of n_k (1 - alike), where alike tells how much nearer votes are to
the one before than to any other: of a stream in which one class runs for minutes little has been
seen. c and p are the means of c_k and p_k over the classes weighted by a_k, s_c is the spread of
c_k over all classes and s_p that of p_k over classes with evidence (at first that of c_k). A single
class with evidence has t = p there and so changes no answer; where all classes have much, the
answers are those of the evidence.

c_k is cos(x, w_k) and, as evidence grows, partly something else. Some texts lie near everything,
some differ little between one feature and the next. Seen over the prototypes, the cosines with text
k have a mean m_k and a spread s_k, and c_k goes 0.4 (1 - alike) of the way to
m + (c_k - m_k) s / s_k, with which all texts would have the same.

P_k rests on the more certain part of Z^k (:mod:`bank.anchored_support`). ``docs/bank.md`` tells how
all this was chosen.
"""

from typing import Final

import numpy as np

from bank.compiled import compiled
from bank.directions import Floats

NARROW: Final = 2 / 3  # of the tolerance margin: while there is little, be choosier
SHARPNESS: Final = 20.0  # one over the temperature of the entropy that is choosy
EXEMPLAR_VOTES: Final = 10.0  # the least that a labelled exemplar weighs
_HALF: Final = 1.0  # votes at which a class's text and evidence weigh the same, reserve aside
_RESERVE: Final = 0.5  # what stays with the text at first
_RESERVE_VOTES: Final = 10.0  # mean votes a class at which half of that is left
_LENGTH_VOTES: Final = 10.0  # pairs of votes at which a class's own resultant length counts half
_LENGTH: Final = 0.6  # resultant length before there is any evidence
_SPREAD_VOTES: Final = 2.0  # pairs with the spread of the prototypes' scores in the same way
_EVEN: Final = 0.4  # of the way on which texts are moved to one level and one spread
_LEVEL_CLASSES: Final = 3.0  # classes with evidence, after the first, at which these count half
_UNSEEN: Final = 0.05  # how much nearer neighbours in time are taken to be before any have come
_TINY: Final = 1e-12


@compiled
def blend(products: Floats, weights: Floats, levels: Floats, before: float, any_two: float) -> None:
    """Turn cosines with the prototypes into scores of the anchored rule.

    Args:
        products: (B, P) that begin with the K cosines with the texts and then those with the
            prototypes, which are written over; of a class without evidence the latter are anything
            finite.
        weights: (K, 3) n_k, the sums of the weights of what is in Z^k; lengths of the weighted
            sums over Z^k, in units of one direction; sums of the squares of the weights.
        levels: (K, 2) what :func:`even` made of them.
        before: mean cosine of a vote with the one before; -1 to take none for alike.
        any_two: mean cosine of any two votes.
    """
    classes = len(weights)
    grown = np.empty(classes)  # a_k up to the share, which all classes have in common
    moved = np.empty(classes)
    total = 0.0
    for k in range(classes):
        grown[k] = weights[k, 0] / (weights[k, 0] + _HALF)
        total += grown[k]
    near_before = alike(weights, before, any_two)
    way = _EVEN * (1.0 - near_before)
    share = 1.0 - _RESERVE / (1.0 + _different(weights, near_before) / _RESERVE_VOTES)
    stretched = stretch(weights)
    for row in range(len(products)):
        texts, scores = products[row, :classes], products[row, classes:]
        mean = square = said = near = near_square = 0.0
        for k in range(classes):
            moved[k] = texts[k] + way * (levels[k, 0] * texts[k] + levels[k, 1] - texts[k])
            c, p = moved[k], scores[k] * stretched[k]
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
            t = (moved[k] - said / total) * scale + level
            scores[k] = t + share * grown[k] * (scores[k] * stretched[k] - t)


@compiled
def even(affinities: Floats, weights: Floats, levels: Floats) -> None:
    """Find what moves cosines with every text to where those of all texts lie.

    Args:
        affinities: (K, K) cosines of prototypes (rows) with texts.
        weights: (K, 3), as above.
        levels: (K, 2) to be written: a factor for a text's cosines and what is then added.
    """
    classes = len(weights)
    total = 0.0
    own, spread = np.zeros(classes), np.zeros(classes)  # first sums, and sums of squares
    for j in range(classes):
        if weights[j, 0] > 0.0:
            grown = weights[j, 0] / (weights[j, 0] + _HALF)
            total += grown
            for k in range(classes):
                weighed = grown * affinities[j, k]
                own[k] += weighed
                spread[k] += weighed * affinities[j, k]
    mean = square = 0.0
    for k in range(classes):
        if total > 0.0:
            own[k] /= total  # m_k
            spread[k] = max(spread[k] / total - own[k] ** 2, 0.0)  # s_k^2
        mean += own[k] / classes
        square += spread[k] / classes
    counts = max(total - 1.0, 0.0)
    counts /= counts + _LEVEL_CLASSES
    for k in range(classes):
        drawn = square + counts * (spread[k] - square)
        levels[k, 0] = np.sqrt((square + _TINY) / (drawn + _TINY))
        levels[k, 1] = mean - (mean + counts * (own[k] - mean)) * levels[k, 0]


@compiled
def _different(weights: Floats, near_before: float) -> float:
    """Votes a class, as far as they are not alike: the n that r goes by."""
    votes = 0.0
    for k in range(len(weights)):
        if weights[k, 0] > 0.0:
            # So many votes of one weight are as good; exemplars weigh more, and did not come
            # one after another.
            votes += weights[k, 0] - near_before * weights[k, 0] ** 2 / weights[k, 2]
    return votes / len(weights)


@compiled
def alike(weights: Floats, before: float, any_two: float) -> float:
    """How alike votes are to the one before, 0 (as any two) to 1 (as two of one class).

    Args:
        weights: (K, 3), as above.
        before: mean cosine of a vote with the one before.
        any_two: mean cosine of any two votes.
    """
    one_class = _found_in_pairs(weights)
    reach = max(one_class - any_two, 0.0) + _UNSEEN
    return min(max((before - any_two + _UNSEEN) / reach, 0.0), 1.0)


@compiled
def _found_in_pairs(weights: Floats) -> float:
    """r^2 of all classes together: the mean cosine of two votes of one class."""
    found, pairs = _LENGTH**2 * _LENGTH_VOTES, _LENGTH_VOTES
    for k in range(len(weights)):
        votes, length, squares = weights[k, 0], weights[k, 1], weights[k, 2]
        found += max(length * length - squares, 0.0)
        pairs += max(votes * votes - squares, 0.0)
    return found / pairs


@compiled
def stretch(weights: Floats) -> Floats:
    """(K,) |P_k| / r_k: what a prototype of few votes scores too little; (K, 3) weights as above.

    A mean of few unit vectors points away from where it would end, and by its noise every cosine
    with it is too small. Of n directions with resultant length r, E|sum|^2 = n + n (n - 1) r^2, so
    pairs tell r; where votes are few, it is drawn to that of all classes.
    """
    common = _LENGTH_VOTES * _found_in_pairs(weights)
    stretched = np.zeros(len(weights))
    for k in range(len(weights)):
        votes, length, squares = weights[k, 0], weights[k, 1], weights[k, 2]
        if votes > 0.0:
            found = max(length * length - squares, 0.0)
            pairs = max(votes * votes - squares, 0.0)
            stretched[k] = length / votes / np.sqrt((found + common) / (pairs + _LENGTH_VOTES))
    return stretched
