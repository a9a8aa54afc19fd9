"""What a webcam and MediaPipe make of people whom Kinect has seen."""

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import torch
from torch import Tensor

from train.skeletons.joints import (
    INDEX,
    JOINTS,
    MIRROR,
    NTU_25,
    SHOULDER_LEFT,
    SHOULDER_RIGHT,
    SPINE_BASE,
)
from train.skeletons.turning import MIN_SHOULDER_WIDTH
from train.training.augment.draws import Draws
from train.training.augment.shape import rotate

# Joints err together with their limb: this share of the variance of what changes slowly is common.
_TOGETHER: Final = 0.6
_LIMBS: Final = (
    ("SpineBase", "SpineMid", "HipLeft", "HipRight"),
    ("Neck", "Head"),
    ("ShoulderLeft", "ElbowLeft"),
    ("ShoulderRight", "ElbowRight"),
    ("WristLeft", "HandLeft", "HandTipLeft", "ThumbLeft"),
    ("WristRight", "HandRight", "HandTipRight", "ThumbRight"),
    ("KneeLeft", "AnkleLeft", "FootLeft"),
    ("KneeRight", "AnkleRight", "FootRight"),
    ("SpineShoulder",),
)
# Independent values of the drift in a window; between them it is interpolated.
_KNOTS: Final = 6
# People turn up to so far away from the camera before depth is no longer their own depth.
_FACING: Final = math.radians(50)
_LEGS: Final = tuple(
    tuple(INDEX[f"{joint}{side}"] for joint in ("Hip", "Knee", "Ankle", "Foot"))
    for side in ("Left", "Right")
)


@dataclass(frozen=True, eq=False)
class Measured:
    """Standard deviations measured on the NTU pair, alike for left and right.

    Attributes:
        offset: (3, V) metres along the camera's x, y and z: what stays over a clip.
        drift: (3, V) metres: what wanders in a clip.
        jitter: (3, V) metres: what changes from frame to frame.
        correlation: of the jitter between frames that follow one another.
        larger: how much larger people come out.
        tilt: radians that the camera's tilt is misjudged by, about x and z.
    """

    offset: Tensor
    drift: Tensor
    jitter: Tensor
    correlation: float
    larger: float
    tilt: tuple[float, float]


@cache
def measured() -> Measured:
    """The figures of ``webcam.json``, which `benchmarks/pose_vs_kinect.py` writes.

    A joint takes those of both sides, each as far as Kinect itself saw it; an offset's size is
    taken as its standard deviation, since one clip says little of its direction.
    """
    path = files("train.training.augment") / "webcam.json"
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    weight = torch.tensor([data["counted"][name] for name in NTU_25]).clamp(min=1e-3)

    def table(part: str) -> Tensor:
        square = torch.tensor([data[part][name] for name in NTU_25]).T ** 2
        both = square * weight + (square * weight)[:, list(MIRROR)]
        return (both / (weight + weight[list(MIRROR)])).sqrt()

    across, _, along = (math.radians(abs(angle)) for angle in data["tilt_degrees"])
    return Measured(
        offset=table("offset"),
        drift=table("drift"),
        jitter=table("jitter"),
        correlation=data["jitter_correlation"],
        larger=data["larger"],
        tilt=(across, along),
    )


def through_a_webcam(x: Tensor, draws: Draws, missing_legs: float) -> Tensor:
    """Windows as they would be had MediaPipe estimated them, prepared again.

    The person comes out larger and tilted; every joint is off by an offset that stays, one that
    wanders and one that jitters, as far as was measured along the picture and along the camera's
    axis; legs may be out of view. Then SpineShoulder is the origin and the right shoulder on +x
    again, in every frame, as the preparation of a live window sees to.

    Args:
        x: (N, 3, T, 25, M) windows; frames without a body may hold anything.
        draws: of the batch.
        missing_legs: probability that the camera does not see the legs.
    """
    if not len(x):
        return x
    figures = measured()
    x = x * (1 + draws.share() * 2 * figures.larger)[:, None, None, None, None]
    x = _without_legs(x, draws, missing_legs)
    about_x = draws.normal() * figures.tilt[0]
    about_z = draws.normal() * figures.tilt[1]
    facing = draws.either_way(_FACING)
    error = _error(draws, x.shape, figures)
    # The camera's axes lie askew to the body's, which faces +z or -z in the prepared frame.
    away = _about(1, facing)
    tilted = away @ _about(0, about_x) @ _about(2, about_z) @ away.transpose(1, 2)
    x = rotate(x, tilted) + rotate(error, away)
    return facing_again(x)


def facing_again(x: Tensor) -> Tensor:
    """Turn every frame of centred bodies until its shoulder line is parallel to x, right on +x.

    A torch twin of :func:`train.skeletons.turning.per_frame_turn`, but that frames whose
    shoulders coincide from above are left as they stand.
    """
    line = x[:, :, :, SHOULDER_RIGHT] - x[:, :, :, SHOULDER_LEFT]
    across, depth = line[:, 0], line[:, 2]  # (N, T, M)
    width = torch.hypot(across, depth)
    clear = width >= MIN_SHOULDER_WIDTH
    width = torch.where(clear, width, 1)
    cos = torch.where(clear, across / width, 1)[:, :, None]
    sin = torch.where(clear, depth / width, 0)[:, :, None]
    turned = torch.empty_like(x)
    turned[:, 0] = cos * x[:, 0] + sin * x[:, 2]
    turned[:, 1] = x[:, 1]
    turned[:, 2] = cos * x[:, 2] - sin * x[:, 0]
    return turned


def _about(axis: int, angle: Tensor) -> Tensor:
    """(N, 3, 3) rotations about one axis."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    rotation = torch.zeros(len(angle), 3, 3, device=angle.device)
    rotation[:, axis, axis] = 1
    rotation[:, first, first] = rotation[:, second, second] = angle.cos()
    rotation[:, first, second], rotation[:, second, first] = -angle.sin(), angle.sin()
    return rotation


@cache
def _limb_of_joint() -> Tensor:
    limbs = torch.zeros(JOINTS, dtype=torch.long)
    for number, limb in enumerate(_LIMBS):
        limbs[[INDEX[name] for name in limb]] = number
    return limbs


def _error(draws: Draws, shape: torch.Size, figures: Measured) -> Tensor:
    """(N, 3, T, 25, M) metres in the camera's axes; none at SpineShoulder, where all is centred."""
    _, axes, frames, joints, bodies = shape
    device = draws.device
    limb = _limb_of_joint().to(device)

    def by_limb(moments: int) -> Tensor:
        common = draws.normal(axes, moments, len(_LIMBS), bodies)[:, :, :, limb]
        alone = draws.normal(axes, moments, joints, bodies)
        return math.sqrt(_TOGETHER) * common + math.sqrt(1 - _TOGETHER) * alone

    def sized(table: Tensor) -> Tensor:
        return table.to(device)[:, None, :, None]

    offset = by_limb(1) * sized(figures.offset)
    drift = _in_time(by_limb(_KNOTS), _between_knots(frames).to(device)) * sized(figures.drift)
    jitter = _in_time(
        draws.normal(axes, frames, joints, bodies), _remembering(frames, figures.correlation)
    )
    return offset + drift + jitter * sized(figures.jitter)


def _in_time(values: Tensor, mix: Tensor) -> Tensor:
    """(N, 3, K, V, M) mixed over time by (T, K) to (N, 3, T, V, M)."""
    n, axes, _, joints, bodies = values.shape
    mixed = torch.matmul(mix.to(values.device), values.flatten(3))
    return mixed.view(n, axes, len(mix), joints, bodies)


@cache
def _between_knots(frames: int) -> Tensor:
    """(T, knots): linear interpolation, rescaled to variance 1 in every frame."""
    place = torch.linspace(0, _KNOTS - 1, frames)
    weights = (1 - (place[:, None] - torch.arange(_KNOTS)).abs()).clamp(min=0)
    length: Tensor = weights.norm(dim=1, keepdim=True)
    return weights / length


@cache
def _remembering(frames: int, correlation: float) -> Tensor:
    """(T, T): white noise to noise of variance 1 whose neighbours correlate."""
    apart = (torch.arange(frames)[:, None] - torch.arange(frames)).abs()
    covariance = torch.pow(torch.tensor(correlation, dtype=torch.float64), apart)
    root: Tensor = torch.linalg.cholesky(covariance)
    return root.float()


def _without_legs(x: Tensor, draws: Draws, probability: float) -> Tensor:
    """Legs out of view: they hang straight from the hips, or keep the pose of one frame."""
    lost = draws.chosen(probability)
    hanging = draws.chosen(0.5)
    frozen_at = (draws.share() * x.shape[2]).long().clamp(max=x.shape[2] - 1)
    chosen = lost.nonzero()[:, 0]
    if not len(chosen):
        return x
    part, hangs = x[chosen], hanging[chosen][:, None, None, None]
    rows = torch.arange(len(chosen), device=x.device)
    base = part[:, :, :, SPINE_BASE]
    pose = part[rows, :, frozen_at[chosen]]  # (n, 3, V, M)
    legs = part.clone()
    for leg in _LEGS:
        frozen = torch.stack([pose[:, :, joint] - pose[:, :, SPINE_BASE] for joint in leg], 2)
        down = frozen.clone()
        for place in range(1, len(leg) - 1):  # the foot keeps its direction
            length = (frozen[:, :, place] - frozen[:, :, place - 1]).norm(dim=1)
            down[:, :, place] = down[:, :, place - 1]
            down[:, 1, place] -= length
        down[:, :, -1] = down[:, :, -2] + frozen[:, :, -1] - frozen[:, :, -2]
        kept = torch.where(hangs, down, frozen)  # (n, 3, 4, M)
        # Hips are in view with the trunk, or guessed with it.
        for place, joint in enumerate(leg):
            if place:
                legs[:, :, :, joint] = base + kept[:, :, None, place]
    return x.index_copy(0, chosen, legs)
