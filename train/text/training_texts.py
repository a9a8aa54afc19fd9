"""The text rows that a training step compares its samples with."""

from collections.abc import Sequence
from typing import Final, Literal, get_args

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from bank.errors import InputError
from train.text.encoder import TextEncoder
from train.text.features import class_features
from train.text.labels import same_name
from train.text.mirroring import mirror_words, names_one_way

Combine = Literal["mean", "sample"]
COMBINE: Final[tuple[Combine, ...]] = get_args(Combine)


class TrainingTexts:
    """Classes in words, and what their mirrored samples are called.

    Row k < K is class k. Where samples are mirrored, further rows hold the words of mirrored
    classes that are themselves no class. A mirrored sample's row is

    * another class's, where the mirrored name or all mirrored descriptions are that class's
      ("swipe to the left" becomes "swipe to the right", however the two are described);
    * its own class's, where a mirror changes nothing in the name and the descriptions, or the name
      says both sides ("step right and left");
    * else the row of its mirrored descriptions. Where they say no side and only the name does, it
      is the row of the mirrored name.

    Two samples match in Eq. 5 when their rows are the same.

    Args:
        names: names of the K classes.
        descriptions: for every class its descriptions, at least one.
        encoder: the frozen sentence encoder.
        combine: ``mean`` compares with the mean of a class's descriptions, ``sample`` with one
            that is drawn anew in every step.
        mirrored: whether samples will be mirrored; if not, the rows are the K classes.
        unseen: names of classes that must stay out of the training. A class whose mirror image is
            one of them is not mirrored: its mirrored samples would be samples of an unseen class.

    Attributes:
        classes: (K, d) unit rows, the mean of each class's descriptions: for validation.
        may_mirror: (K,) bool, whose samples may be mirrored: not where the mirror image is an
            unseen class, nor where it is nothing at all (a letter C drawn in the air).

    Raises:
        InputError: names and descriptions do not fit together, or ``combine`` is unknown.
    """

    def __init__(
        self,
        names: Sequence[str],
        descriptions: Sequence[Sequence[str]],
        encoder: TextEncoder,
        *,
        combine: Combine = "mean",
        mirrored: bool = False,
        unseen: Sequence[str] = (),
    ) -> None:
        if combine not in COMBINE:
            raise InputError(f"combine is {combine!r}, not one of: {', '.join(COMBINE)}")
        if len(names) != len(descriptions) or not names:
            raise InputError(f"{len(descriptions)} descriptions for {len(names)} classes")
        for name, several in zip(names, descriptions, strict=True):
            if not several:
                raise InputError(f"class {name!r} has no description")
        texts = [tuple(several) for several in descriptions]
        further: list[tuple[str, ...]] = []
        self._mirror_row = torch.arange(len(texts))
        self.may_mirror: Tensor = torch.zeros(len(texts), dtype=torch.bool)
        if mirrored:
            places, further = _mirror_rows(names, texts)
            self._mirror_row = torch.tensor(places)
            forbidden = {same_name(name) for name in unseen}
            self.may_mirror = torch.tensor(
                [
                    same_name(mirror_words(name)) not in forbidden and not names_one_way(name)
                    for name in names
                ]
            )
        self.combine: Combine = combine
        self.classes: Tensor = class_features(texts, encoder)
        self._rows = self.classes
        if further:
            self._rows = torch.cat([self.classes, class_features(further, encoder)])
        if combine == "sample":
            # The lists that class_features has just encoded, so they come from the cache.
            lists = [[text for several in part for text in several] for part in (texts, further)]
            self._sentences = torch.cat([encoder.encode(part) for part in lists if part])
            # A mirrored row draws only what a mirror changes: a text that it leaves as it is
            # belongs to the class too, and would be right and wrong for one sample.
            own = frozenset(lists[0])
            place = iter(range(len(self._sentences)))
            numbered = [[(next(place), text) for text in several] for several in texts + further]
            choices = [
                [number for number, text in several if row < len(texts) or text not in own]
                for row, several in enumerate(numbered)
            ]
            self._counts = torch.tensor([len(some) for some in choices])
            self._choices = pad_sequence([torch.tensor(some) for some in choices], True)

    def __len__(self) -> int:
        """R, the number of rows."""
        return len(self._rows)

    def rows(self, generator: torch.Generator | None = None) -> Tensor:
        """The text features of one step.

        Args:
            generator: draws the descriptions where ``combine`` is ``sample``; without one, and
                with ``mean``, the means are returned.

        Returns:
            (R, d) float32 on the CPU, rows of unit length.
        """
        if self.combine == "mean" or generator is None:
            return self._rows
        share = torch.rand(len(self), generator=generator)
        drawn = (share * self._counts).long().clamp(max=self._counts - 1)
        return self._sentences[self._choices.gather(1, drawn[:, None])[:, 0]]

    def ids(self, labels: Tensor, mirrored: Tensor | None = None) -> Tensor:
        """The row of every sample.

        Args:
            labels: (N,) class of every sample.
            mirrored: (N,) bool, which samples were mirrored; None where none was.

        Returns:
            (N,) long.

        Raises:
            ValueError: a sample was mirrored whose class may not be (see ``may_mirror``).
        """
        if mirrored is None:
            return labels.long()
        here = labels.to(self.may_mirror.device)
        there = mirrored.to(self.may_mirror.device)
        if (there & ~self.may_mirror[here]).any():
            raise ValueError("samples of classes were mirrored that may not be; see may_mirror")
        return torch.where(there, self._mirror_row[here], here).to(labels.device)


def _mirror_rows(
    names: Sequence[str], texts: Sequence[tuple[str, ...]]
) -> tuple[list[int], list[tuple[str, ...]]]:
    """For every class the row of its mirror image, and the texts of the rows after the classes."""
    by_name = {same_name(name): place for place, name in enumerate(names)}
    by_text = {_words(several): place for place, several in reversed([*enumerate(texts)])}
    further: list[tuple[str, ...]] = []
    places: list[int] = []
    for place, (name, several) in enumerate(zip(names, texts, strict=True)):
        other_name = mirror_words(name)
        other = tuple(mirror_words(text) for text in several)
        changed = other != several
        if other_name != name and same_name(other_name) in by_name:
            places.append(by_name[same_name(other_name)])
        elif _words(other) in by_text and changed:
            places.append(by_text[_words(other)])
        elif other_name == name and (not changed or _says_both_sides(name)):
            places.append(place)
        else:
            new = other if changed else (other_name,)
            if _words(new) not in by_text:
                by_text[_words(new)] = len(texts) + len(further)
                further.append(new)
            places.append(by_text[_words(new)])
    return places, further


def _says_both_sides(name: str) -> bool:
    words = set(same_name(name).split())
    return {"left", "right"} <= words


def _words(several: Sequence[str]) -> frozenset[str]:
    """Descriptions without what does not matter to their meaning: order, case and spacing."""
    return frozenset(same_name(text) for text in several)
