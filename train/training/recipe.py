"""What is trained on what, as one tree of settings that files and command lines can override."""

import difflib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from bank.errors import InputError
from train.encoders import make_encoder
from train.skeletons.preprocess import Preprocessing
from train.text.encoder import OFFLINE_DEFAULT
from train.text.training_texts import Combine
from train.training.augment import Augmentation
from train.training.objective import ObjectiveName
from train.training.options import TrainingOptions
from train.training.state import flatten

Framework = Literal["end-to-end", "pretrain-fixed", "pretrain-finetune"]


@dataclass(frozen=True)
class Recipe:
    """What is trained on what.

    Attributes:
        fold: protocol and number, e.g. ``open/1``.
        vocabulary: whose descriptions stand for the classes.
        style: style of the descriptions.
        combine: where a class has several descriptions, ``mean`` takes their mean, ``sample``
            draws one anew in every step.
        text_encoder: sentence-transformers model, by name or folder.
        encoder: registered name of the skeleton encoder.
        encoder_config: its constructor's arguments.
        preprocessing: how clips are prepared.
        framework: of Table V. ``end-to-end``; or cross-entropy over the seen classes first, then
            alignment with the encoder fixed or finetuned.
        pretrain_epochs: passes of the cross-entropy part; None for as many as the alignment has.
        objective: ``paper`` for Eq. 3 to 5, ``official`` for what the official code computes.
        alpha: tolerance margin of the test figures.
        paper_protocol: record accuracy on the unseen test clips after every epoch as well.
        options: settings of the loop.
    """

    fold: str = "open/1"
    vocabulary: str = "open"
    style: str = "skeleton"
    combine: Combine = "mean"
    text_encoder: str = OFFLINE_DEFAULT
    encoder: str = "st-gcn"
    encoder_config: dict[str, Any] = field(default_factory=lambda: {"dropout": 0.0})
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    framework: Framework = "end-to-end"
    pretrain_epochs: int | None = None
    objective: ObjectiveName = "paper"
    alpha: float = 0.9
    paper_protocol: bool = False
    options: TrainingOptions = field(default_factory=TrainingOptions)

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise InputError(f"alpha is {self.alpha}, not a number from 0 to 1")
        if self.pretrain_epochs is not None and self.pretrain_epochs < 1:
            raise InputError(f"pretrain_epochs is {self.pretrain_epochs}, not 1 or more")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Recipe":
        """A recipe from nested settings, each checked for its type.

        Missing settings take their defaults. ``options.augmentation`` may also be the name of a
        set (``webcam``) or false for none; of a table, values that are not named are 0.

        Raises:
            InputError: a setting is unknown, or its value impossible.
        """
        values = json.loads(json.dumps(values))
        _check_names(values)
        options = values.get("options")
        if isinstance(options, dict) and "augmentation" in options:
            options["augmentation"] = _augmentation(options["augmentation"])
        try:
            recipe = TypeAdapter(cls).validate_python(values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            given = "" if isinstance(first["input"], dict) else f", not {first['input']!r}"
            reason = first["msg"].removeprefix("Value error, ")
            raise InputError(f"setting {where}: {reason}{given}" if where else reason) from None
        config = make_encoder(recipe.encoder, **recipe.encoder_config).config
        return replace(recipe, encoder_config=config)

    def to_dict(self) -> dict[str, Any]:
        """All settings as plain JSON values; :meth:`from_dict` reads them back."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return values


def override(values: dict[str, Any], settings: list[str]) -> None:
    """Change nested settings by ``key=value`` lines, e.g. ``options.learning_rate=0.01``.

    Values are TOML (numbers, true, false, quoted text); bare words are text, ``none`` is nothing.

    Raises:
        InputError: not ``key=value``.
    """
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not (equals and key.strip()):
            raise InputError(f"--set {setting}: not key=value, e.g. options.learning_rate=0.01")
        change(values, key.strip(), _value(text.strip()))


def change(values: dict[str, Any], key: str, value: Any) -> None:
    """Set one nested setting. A new encoder begins with its own default configuration."""
    if key == "encoder" and value != values.get("encoder", Recipe.encoder):
        values["encoder_config"] = {}
    *path, last = key.split(".")
    for part in path:
        inner = values.get(part)
        if not isinstance(inner, dict):
            inner = values[part] = {}
        values = inner
    values[last] = value


def _value(text: str) -> Any:
    if text.lower() == "none":
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, KeyError):
        return text


def _augmentation(value: Any) -> Augmentation | None:
    if value in (None, False, "none"):
        return None
    if value is True:
        value = "default"
    return Augmentation.named(value) if isinstance(value, str) else Augmentation.from_dict(value)


def _check_names(values: Mapping[str, Any]) -> None:
    known = asdict(Recipe())
    known["options"]["augmentation"] = asdict(Augmentation())
    encoder = values.get("encoder", Recipe.encoder)
    known["encoder_config"] = make_encoder(encoder).config if isinstance(encoder, str) else {}
    names = dict(flatten(known))
    sections = {name.rpartition(".")[0] for name in names}
    for name, _ in flatten(values):
        if name in names or name in sections:
            continue  # a section that is no table is found out with its type; an empty one is fine
        near = [key for key in names if key.rpartition(".")[2] == name.rpartition(".")[2]]
        near = near or difflib.get_close_matches(name, names, n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "see pgfa-train presets NAME"
        raise InputError(f"there is no setting {name!r}; {hint}")
