"""The network that maps skeletons into the text's space, and its file."""

from copy import copy
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from bank.errors import InputError
from bank.storage import load_state, save_state
from train.encoders import Encoder, make_encoder

_FORMAT: Final = "pgfa-checkpoint"
_VERSION: Final = 1
JOINT_LAYOUT: Final = "ntu-25"
TWO_BODIES: Final = "two_bodies"  # in training.data: the share of clips that show two people
BUNDLED_CHECKPOINT: Final = Path(str(files("train") / "weights" / "open.safetensors"))


class SkeletonModel(nn.Module):
    """psi(E_x(x)) of Eq. 1: encoder and linear projection to the text's dimension.

    Args:
        encoder: the skeleton encoder.
        text_dim: dimension of the text features.
    """

    def __init__(self, encoder: Encoder, text_dim: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.projection = nn.Linear(encoder.out_channels, text_dim)

    def forward(self, x: Tensor, present: Tensor | None = None) -> Tensor:
        """(N, 3, T, V, M) prepared windows to (N, d) features."""
        features: Tensor = self.projection(self.encoder(x, present))
        return features

    def for_answers(self) -> "SkeletonModel":
        """The same model in evaluation mode, made fast; later changes of this one do not show."""
        twin = copy(self)  # shares everything but the encoder
        twin._modules = {**self._modules, "encoder": self.encoder.eval().for_answers()}
        return twin.eval()

    @torch.inference_mode()
    def encode(self, x: Tensor, present: Tensor, batch: int = 256) -> Tensor:
        """Features of many windows in evaluation mode, (N, d) float32 on the CPU."""
        device = next(self.parameters()).device
        was_training = self.training
        self.eval()
        parts = [
            self(x[i : i + batch].to(device), present[i : i + batch].to(device)).float().cpu()
            for i in range(0, len(x), batch)
        ]
        self.train(was_training)
        return torch.cat(parts) if parts else torch.empty(0, self.projection.out_features)


@dataclass(frozen=True)
class CheckpointInfo:
    """What a checkpoint must be used with, and how it came about.

    Attributes:
        encoder: the encoder's registered name.
        encoder_config: its constructor's arguments.
        text_encoder: name of the sentence encoder its space belongs to.
        text_dim: dimension of that space.
        text_style: style of the descriptions it was trained with.
        preprocessing: options of the preparation its windows went through.
        temperature: tau after training.
        classes: the seen classes.
        unseen: classes held out of training, for `pgfa-bench`.
        training: data, settings and figures of the run.
        joint_layout: order of the joints.
    """

    encoder: str
    encoder_config: dict[str, Any]
    text_encoder: str
    text_dim: int
    text_style: str
    preprocessing: dict[str, Any]
    temperature: float
    classes: list[str]
    unseen: list[str] = field(default_factory=list)
    training: dict[str, Any] = field(default_factory=dict)
    joint_layout: str = JOINT_LAYOUT

    def check_text(self, encoder: str, dimension: int) -> None:
        """Refuse class features that do not belong to the checkpoint's space.

        Args:
            encoder: name or folder of the sentence encoder that made them. The name alone counts:
                a model is the same wherever its folder lies.
            dimension: of the features.

        Raises:
            InputError: another sentence encoder, or another dimension.
        """
        if Path(encoder).name != Path(self.text_encoder).name:
            raise InputError(
                f"this checkpoint needs text features of {self.text_encoder!r}, not of {encoder!r}"
            )
        if dimension != self.text_dim:
            raise InputError(
                f"this checkpoint needs {self.text_dim}-dimensional text features of "
                f"{self.text_encoder!r}, but {encoder!r} gives {dimension}"
            )


def save_checkpoint(path: Path, model: SkeletonModel, info: CheckpointInfo) -> None:
    """Write weights and :class:`CheckpointInfo` into one safetensors file, atomically."""
    tensors = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    save_state(path, tensors, {"format": _FORMAT, "version": _VERSION, **asdict(info)})


def load_checkpoint(path: Path, device: str = "cpu") -> tuple[SkeletonModel, CheckpointInfo]:
    """Read a checkpoint and check that it is one that this version can use.

    Raises:
        InputError: missing, damaged, of another format, version or joint layout, or its weights
            do not fit its own description.
    """
    tensors, metadata = load_state(path)
    if metadata.pop("format", None) != _FORMAT:
        raise InputError(f"{path}: not a PGFA checkpoint; give a file written by pgfa-train")
    version = metadata.pop("version", None)
    if version != _VERSION:
        raise InputError(f"{path}: checkpoint version {version}, this program reads {_VERSION}")
    try:
        info = CheckpointInfo(**metadata)
    except TypeError as error:
        raise InputError(f"{path}: incomplete checkpoint description ({error})") from None
    if info.joint_layout != JOINT_LAYOUT:
        raise InputError(
            f"{path}: joints are {info.joint_layout}, this program uses {JOINT_LAYOUT}"
        )
    model = SkeletonModel(make_encoder(info.encoder, **info.encoder_config), info.text_dim)
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise InputError(f"{path}: weights do not fit encoder {info.encoder} ({reason})") from None
    if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise InputError(f"{path}: weights are not finite; train again or use another checkpoint")
    return model.to(device).eval(), info
