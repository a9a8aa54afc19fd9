"""Made-up features whose truth is known: von Mises-Fisher classes and texts across a gap."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import ortho_group, vonmises_fisher

from bank.errors import InputError
from train.evaluation.streams.features import UNKNOWN, FeatureSet


@dataclass(frozen=True)
class Recipe:
    """What a synthetic feature set is drawn from.

    Features of class k are von Mises-Fisher with mean direction mu_k and one kappa for all classes,
    as Theorem 1 assumes. The classes share a common direction, as those of a real encoder do, and
    live in a subspace of few dimensions, in which an encoder's features vary: on a sphere of
    hundreds of dimensions all samples of a class would be answered alike. A text is its class's
    mean direction, moved by one gap that all texts share, and by noise of its own.

    The defaults look like the features of a trained encoder on a fold of OpenKinect-ZSL: two in
    five samples are answered rightly by their texts, and two passes gain some points.

    Attributes:
        classes: K.
        samples: of each class.
        dimension: d.
        subspace: dimensions of the sphere that the classes live on.
        kappa: concentration of every class.
        common: length of the common direction, beside class directions of length one.
        gap: length of the gap, beside mean directions of length one.
        noise: length of the noise of a text.
        unknown_classes: classes without a text, with as many samples each.
        seed: of everything drawn.
    """

    classes: int = 14
    samples: int = 40
    dimension: int = 384
    subspace: int = 12
    kappa: float = 15.0
    common: float = 0.7
    gap: float = 2.0
    noise: float = 5.0
    unknown_classes: int = 8
    seed: int = 0


def synthetic(recipe: Recipe) -> FeatureSet:
    """Draw a feature set.

    Raises:
        InputError: a number of the recipe is out of range.
    """
    _check(recipe)
    rng = np.random.default_rng(recipe.seed)
    total = recipe.classes + recipe.unknown_classes
    shared = recipe.common * _directions(rng, 1, recipe.subspace)
    inside = shared + _directions(rng, total, recipe.subspace)
    inside /= np.linalg.norm(inside, axis=1, keepdims=True)
    family: Any = vonmises_fisher  # its stubs want a whole kappa
    drawn = [family(mean, recipe.kappa).rvs(recipe.samples, random_state=rng) for mean in inside]
    # The subspace is a random one of R^d; the gap may point anywhere, into it too.
    place = ortho_group.rvs(recipe.dimension, random_state=rng)[: recipe.subspace]
    gap = recipe.gap * _directions(rng, 1, recipe.dimension)
    noise = recipe.noise * _directions(rng, recipe.classes, recipe.dimension)
    text = inside[: recipe.classes] @ place + gap + noise
    labels = np.repeat(np.arange(total), recipe.samples)
    known = labels < recipe.classes
    names = tuple(f"class {k}" for k in range(total))
    return FeatureSet(
        features=torch.from_numpy(np.concatenate(drawn) @ place).float(),
        labels=torch.from_numpy(np.where(known, labels, UNKNOWN)),
        text=torch.from_numpy(text).float(),
        classes=names[: recipe.classes],
        actions=tuple(names[k] for k in labels),
        temperature=0.02,
        origin={"synthetic": asdict(recipe)},
    )


def _directions(rng: np.random.Generator, count: int, dimension: int) -> NDArray[np.float64]:
    rows = rng.standard_normal((count, dimension))
    units: NDArray[np.float64] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return units


def _check(recipe: Recipe) -> None:
    if recipe.classes < 2 or recipe.samples < 1 or recipe.unknown_classes < 0:
        raise InputError("a synthetic set needs two classes or more, each with a sample or more")
    if not 2 <= recipe.subspace <= recipe.dimension:
        raise InputError(
            f"a subspace of {recipe.subspace} dimensions does not lie in {recipe.dimension}; give "
            "2 or more, and not more than the dimension"
        )
    if recipe.kappa <= 0 or min(recipe.common, recipe.gap, recipe.noise) < 0:
        raise InputError("kappa must be above 0, and common, gap and noise not below it")
