"""The files that the paper's authors release, as checkpoints of ours."""

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from bank.errors import InputError
from train.data.protocols import PUBLISHED_SETS, load_fold, published_labels
from train.encoders import Encoder
from train.encoders.official import is_shift_gcn, shift_gcn_from_official, st_gcn_from_official
from train.encoders.shift_gcn import ShiftGCN
from train.encoders.st_gcn import STGCN
from train.model import CheckpointInfo, SkeletonModel, save_checkpoint
from train.skeletons.joints import JOINTS
from train.skeletons.preprocess import Preprocessing
from train.text.descriptions import STYLES
from train.text.encoder import OFFLINE_DEFAULT, TextEncoder

PAPER_TEXT_ENCODER: Final = "all-mpnet-base-v2"
# The published code means to learn its temperature, but keeps it out of the optimiser.
_TEMPERATURE: Final = 0.07
_FRAMES: Final = {STGCN.name: 50, ShiftGCN.name: 64}
_DIMENSIONS: Final = {PAPER_TEXT_ENCODER: 768, OFFLINE_DEFAULT: 384}
_DEFAULT_VOCABULARY: Final = "ntu120"


def import_official(
    source: Path,
    out: Path,
    text_encoder: str = PAPER_TEXT_ENCODER,
    style: str = "complete",
    fold: str | None = None,
) -> CheckpointInfo:
    """Turn an official file ``{'encoder': ..., 'adapter': ...}`` into a checkpoint.

    The network is recognised by its weights. Windows will go through the published preparation,
    and both body slots are always averaged, as in the published code.

    Args:
        source: the authors' file.
        out: the checkpoint to write.
        text_encoder: sentence encoder it was trained against, by name or folder.
        style: style of the descriptions it was trained with.
        fold: the fold it was trained on, e.g. ``setting1-ntu60/1``; None where it is not known,
            and then evaluation must be told.

    Returns:
        What was written beside the weights.

    Raises:
        InputError: the file, an option or the place to write to cannot be used.
    """
    if out.resolve() == source.resolve():
        raise InputError(f"{out}: is the official file itself; name another file to write")
    if style not in STYLES:
        raise InputError(f"no description style {style!r}; there are: {', '.join(STYLES)}")
    seen, unseen, vocabulary = _classes(fold)
    weights = read_official(source)
    try:
        model = official_model(weights)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    text_dim = model.projection.out_features
    _check_dimension(source, text_encoder, text_dim)
    encoder = model.encoder.name
    training: dict[str, Any] = {
        "vocabulary": vocabulary,
        "imported": {
            "file": source.name,
            "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        },
        "licence": "weights released by the authors of PGFA, under their terms",
    }
    if fold is not None:
        training["data"] = {"fold": fold}
    info = CheckpointInfo(
        encoder=encoder,
        encoder_config=model.encoder.config,
        text_encoder=text_encoder,
        text_dim=text_dim,
        text_style=style,
        preprocessing=Preprocessing(style="published", frames=_FRAMES[encoder]).to_dict(),
        temperature=_TEMPERATURE,
        classes=seen,
        unseen=unseen,
        training=training,
    )
    save_checkpoint(out, model, info)
    return info


def read_official(path: Path) -> dict[str, dict[str, Tensor]]:
    """The weights in an official file; nothing but tensors is ever unpickled.

    Returns:
        Two states, ``encoder`` and ``adapter``.

    Raises:
        InputError: missing, cut short, something else, or one of the two states is not in it.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise InputError(
            f"{path}: not a file of plain weights; give the authors' .pt file of "
            "{'encoder': ..., 'adapter': ...}"
        ) from None
    except Exception:  # a damaged archive fails in many ways
        raise InputError(
            f"{path}: cut short, damaged or no PyTorch file; fetch the authors' .pt file again"
        ) from None
    states: dict[str, dict[str, Tensor]] = {}
    for part, why in (("encoder", "the skeleton network"), ("adapter", "its projection to text")):
        state = content.get(part) if isinstance(content, Mapping) else None
        if not (isinstance(state, Mapping) and state) or not all(
            isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()
        ):
            raise InputError(
                f"{path}: no weights under {part!r} ({why}); give the authors' whole file"
            )
        # Trained on several GPUs, every name has a prefix.
        states[part] = {name.removeprefix("module."): value for name, value in state.items()}
    return states


def official_model(weights: Mapping[str, Mapping[str, Tensor]]) -> SkeletonModel:
    """The network of an official file, with its weights, in evaluation mode.

    Raises:
        InputError: the weights are of neither network, or do not fit together.
    """
    state = weights["encoder"]
    adapter = {name.removeprefix("adapter."): value for name, value in weights["adapter"].items()}
    if set(adapter) != {"weight", "bias"} or adapter["weight"].ndim != 2:
        raise InputError("its adapter is not one linear layer (adapter.weight, adapter.bias)")
    try:
        encoder, renamed = _shift_gcn(state) if is_shift_gcn(state) else _st_gcn(state)
        model = SkeletonModel(encoder, len(adapter["weight"]))
        model.encoder.load_state_dict(renamed)
        model.projection.load_state_dict(adapter)
    except (RuntimeError, KeyError, IndexError) as error:
        reason = " ".join(str(error).split())[:160]
        raise InputError(f"its weights do not fit the official networks ({reason})") from None
    if not all(torch.isfinite(value).all() for value in model.state_dict().values()):
        raise InputError("its weights are not finite")
    return model.eval()


def _st_gcn(state: Mapping[str, Tensor]) -> tuple[Encoder, dict[str, Tensor]]:
    renamed = st_gcn_from_official(state)
    blocks = {int(name.split(".")[1]) for name in renamed if name.startswith("blocks.")}
    hidden, out = (len(renamed[f"blocks.{i}.norm.weight"]) for i in (min(blocks), max(blocks)))
    return STGCN(hidden_channels=hidden, out_channels=out, bodies="all"), renamed


def _shift_gcn(state: Mapping[str, Tensor]) -> tuple[Encoder, dict[str, Tensor]]:
    renamed = shift_gcn_from_official(state)
    encoder = ShiftGCN(
        hidden_channels=len(renamed["blocks.0.norm.weight"]),
        bodies="all",
        slots=len(renamed["data_norm.weight"]) // (3 * JOINTS),
        offset_gradient="official",
    )
    return encoder, renamed


def _classes(fold: str | None) -> tuple[list[str], list[str], str]:
    """Seen and unseen labels of a published fold, and the vocabulary of what it tests."""
    if fold is None:
        return [], [], _DEFAULT_VOCABULARY
    found = load_fold(fold)
    if not set(found.train_sets) <= set(PUBLISHED_SETS):
        raise InputError(
            f"{fold}: not a fold of the paper, whose sets are {', '.join(PUBLISHED_SETS)}"
        )
    trained = {label for dataset in found.train_sets for label in published_labels(dataset)}
    seen = sorted(trained - {*found.unseen, *found.dropped})
    return seen, sorted(found.unseen), found.test_sets[0]


def _check_dimension(source: Path, text_encoder: str, text_dim: int) -> None:
    """Compare with what the text encoder gives, as far as that can be known without a network."""
    dimension = _DIMENSIONS.get(Path(text_encoder).name)
    if dimension is None and Path(text_encoder).is_dir():
        dimension = TextEncoder(text_encoder).encode(["a"]).shape[1]
    if dimension is not None and dimension != text_dim:
        raise InputError(
            f"{source}: projects to {text_dim} dimensions, but {text_encoder} has {dimension}; "
            "give --text the encoder it was trained against"
        )
