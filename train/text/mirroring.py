"""Descriptions of what a mirror shows: left and right change places in words."""

import re
from itertools import pairwise
from typing import Final

_SIDE: Final = re.compile(r"\b(left|right)(?=(?:s|wards?|most)?\b)", re.IGNORECASE)
_OTHER_SIDE: Final = {"left": "right", "right": "left"}
_CLOCKWISE: Final = re.compile(r"\b(?:(counter|anti|contra)[- ]?)?clockwise\b", re.IGNORECASE)
# The words left and right where they do not name a side.
_NO_SIDE: Final = re.compile(
    r"\bright[- ]?angle[ds]?\b|\bright triangles?\b|\ball right\b"
    r"|(?<!\bthe )(?<!\bown )(?<!\bher )(?<!\bhis )(?<!\bto )(?<!\btheir )(?:"
    r"\bright (?:away|after|before|behind|next|now|here|there|in front|on top|up to)\b"
    r"|\bleft (?:over|alone|open|behind|out|off|standing|lying|hanging)\b)"
    r"|\b(?:is|are|was|were|be|been|being|has|have|had) left\b(?! (?:of|and|or|hand|arm)\b)",
    re.IGNORECASE,
)
_FILL: Final = r"(?:(?:to|towards?|with|at|on|from|by|in|far|then|the|an?|its|his|her|their)\s+)*"
_AND: Final = re.compile(rf"(?:\s+(\w+))?,?\s+(?:and|or|then)\s+{_FILL}", re.IGNORECASE)
_LIST: Final = re.compile(r"\s*,\s*(?:(?:forwards?|back|backwards?|ahead|up|down)\s*,\s*)*")
_SLASH: Final = re.compile(r"\s*/\s*|-")
_ENDS_ITEM: Final = re.compile(r"\s*(?:$|[.,;:!?)]|and\b|or\b)", re.IGNORECASE)
# What is said to be done on both sides is its own mirror image, whichever side is named first.
_BOTH_SIDES: Final = re.compile(
    r"\balternat|\bin turns?\b|\bby turns\b|\bboth sides\b|\beach side\b|\bside to side\b"
    r"|\bone side to the other\b",
    re.IGNORECASE,
)
# Written shapes that are something else, or nothing, in a mirror.
_ONE_WAY_SHAPE: Final = re.compile(
    r"\b(?:letter|capital) [bcdefgjklnpqrsz]\b|\b(?:number|digit|figure) [2345679]\b"
    r"|\b(?:draw|write|trace|sign)\w* (?:an? )?(?:[bcdefgjklnpqrsz]|[2345679]|tick|check ?mark"
    r"|question mark|spiral)\b",
    re.IGNORECASE,
)
_WITH_THE_BODY: Final = re.compile(r"\bwith (?:the|their|one's|your) (?:whole )?body\b", re.I)


def mirror_words(text: str) -> str:
    """A description as it reads for the mirrored movement.

    Left and right change places, in every form (leftward, right-handed, ``LEFT``), and so do
    clockwise and counter-clockwise. What names no side stays ("a right angle", "is left"), and so
    does what a mirror does not change: "left and right", "to the left or to the right", and texts
    that say both sides take turns.

    Args:
        text: English words.

    Returns:
        The mirrored text; equal to ``text`` where a mirror changes nothing. Mirroring twice gives
        the text back, but for the spelling of counter-clockwise.
    """
    if not re.search(r"left|right|clockwise", text, re.IGNORECASE):
        return text
    kept = [found.span() for found in _NO_SIDE.finditer(text)]
    sides = [
        found
        for found in _SIDE.finditer(text)
        if not any(start <= found.start() < end for start, end in kept)
    ]
    both = {found[1].casefold() for found in sides} == {"left", "right"}
    if both and _BOTH_SIDES.search(text):
        sides = []
    changes = {
        found.span(1): _in_case(found[1], _OTHER_SIDE[found[1].casefold()])
        for found in _one_sided(text, sides)
    }
    turns = list(_CLOCKWISE.finditer(text))
    if len({bool(found[1]) for found in turns}) == 1:  # both ways round are their own mirror image
        for found in turns:
            other = "clockwise" if found[1] else "counter-clockwise"
            changes[found.span()] = _in_case(found[0], other)
    for (start, end), other in sorted(changes.items(), reverse=True):
        text = text[:start] + other + text[end:]
    return text


def names_one_way(name: str) -> bool:
    """Whether a class is no longer itself in a mirror though its name says no side.

    A C or a tick drawn in the air is such a class. One that is made with the body is not: those
    who make it stand either way round.
    """
    return bool(_ONE_WAY_SHAPE.search(name)) and not _WITH_THE_BODY.search(name)


def _one_sided(text: str, sides: list[re.Match[str]]) -> list[re.Match[str]]:
    """The mentions of a side that are not one half of "left and right"."""
    paired: set[int] = set()
    for number, (first, second) in enumerate(pairwise(sides)):
        if first[1].casefold() != second[1].casefold() and _belong_together(
            text[first.end() : second.start()], text[second.end() :]
        ):
            paired |= {number, number + 1}
    return [found for number, found in enumerate(sides) if number not in paired]


def _belong_together(between: str, after: str) -> bool:
    """Whether two opposite sides, so far apart and so followed, say "on both sides"."""
    if joined := _AND.fullmatch(between):
        noun = joined[1]
        if noun is None:
            return True
        following = re.match(r"\s+(\w+)", after)
        return following is None or following[1].casefold() == noun.casefold()
    if _LIST.fullmatch(between):
        return _ENDS_ITEM.match(after) is not None
    return _SLASH.fullmatch(between) is not None


def _in_case(model: str, word: str) -> str:
    if model.isupper():
        return word.upper()
    return word.capitalize() if model[0].isupper() else word
