"""Scenes of several people, made of clips of one: who is where is then known.

The clips show one person before a green cloth. Cut out and pasted into a plain room along given
paths, in front of or behind each other, they give crossings whose truth is exact: the pose that the
model finds in the clip alone, moved along with the cut-out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.frames import VideoFrame
from realtime.poses import PoseEstimator

WIDTH, HEIGHT = 640, 360
FPS: Final = 25.0
_CLIP: Final = 360  # pixels a square clip is scaled to
_FLOOR: Final = 0.97  # of the picture's height: where feet stand

Path2 = Callable[[float], float]


@dataclass(frozen=True)
class Actor:
    """One cut-out person on the way through a scene.

    Attributes:
        clip: file name of the clip.
        path: share of the scene that has passed, 0..1, to the place of the person's middle as a
            fraction of the picture's width.
        size: 1 stands nearest and is drawn over people of smaller size.
    """

    clip: str
    path: Path2
    size: float = 1.0


@dataclass(frozen=True)
class Scene:
    """Some actors for some seconds. Who comes later in the list is drawn over who comes first."""

    name: str
    seconds: float
    actors: tuple[Actor, ...]


def straight(start: float, end: float) -> Path2:
    """From one side to another at even speed."""
    return lambda share: start + (end - start) * share


def there_and_back(start: float, turn: float, wait: float = 0.3) -> Path2:
    """To a place, some share of the time there, and back again."""

    def path(share: float) -> float:
        leg = (1 - wait) / 2
        way = min(share / leg, (1 - share) / leg, 1.0)
        return start + (turn - start) * way

    return path


def still(at: float) -> Path2:
    """Nowhere."""
    return lambda _: at


CLAP, BOW, ANGRY = "both_hands_clap.mp4", "bow_nod.mp4", "cross_arms_angry.mp4"
PUSH, RAISE, WAVE = "left_hand_push.mp4", "right_hand_raise.mp4", "right_hand_wave.mp4"

SCENES: Final = (
    Scene("crossing", 3.2, (Actor(WAVE, straight(0.2, 0.8), 0.9), Actor(CLAP, straight(0.8, 0.2)))),
    Scene(
        "crossing slowly", 6.0, (Actor(RAISE, straight(0.2, 0.8)), Actor(ANGRY, straight(0.8, 0.2)))
    ),
    Scene(
        "passing before", 3.2, (Actor(ANGRY, still(0.5), 0.85), Actor(BOW, straight(0.15, 0.85)))
    ),
    Scene("passing behind", 3.2, (Actor(BOW, straight(0.15, 0.85), 0.8), Actor(CLAP, still(0.5)))),
    Scene(
        "meeting and parting",
        4.0,
        (Actor(PUSH, there_and_back(0.2, 0.44)), Actor(WAVE, there_and_back(0.8, 0.56))),
    ),
    Scene(
        "hidden and back",
        4.0,
        (Actor(RAISE, there_and_back(0.2, 0.52), 0.85), Actor(ANGRY, still(0.5))),
    ),
    # The hard ones: of one size, on each other for seconds.
    Scene(
        "slowly, other in front",
        6.0,
        (Actor(ANGRY, straight(0.8, 0.2)), Actor(RAISE, straight(0.2, 0.8))),
    ),
    Scene("passing slowly", 6.0, (Actor(CLAP, still(0.5)), Actor(RAISE, straight(0.15, 0.85)))),
    Scene(
        "hidden, of one size",
        6.0,
        (Actor(PUSH, there_and_back(0.2, 0.5)), Actor(ANGRY, still(0.5))),
    ),
    Scene(
        "both on one place, back",
        6.0,
        (Actor(WAVE, there_and_back(0.2, 0.49)), Actor(BOW, there_and_back(0.8, 0.51))),
    ),
)


@dataclass(frozen=True, eq=False)
class _Clip:
    pictures: list[NDArray[np.uint8]]
    masks: list[NDArray[np.float32]]
    poses: NDArray[np.float32]  # (T, 25, 2) pixels of the scaled clip


@lru_cache(maxsize=8)
def _clip(path: Path, count: int, every: int) -> _Clip:
    """The pictures of a clip that a scene uses, with where the person is and the pose there is."""
    capture = cv2.VideoCapture(str(path))
    pictures, masks, poses = [], [], []
    with PoseEstimator() as estimate:
        while True:
            good, picture = capture.read()
            if not good:
                break
            small = cv2.resize(picture, (_CLIP, _CLIP), interpolation=cv2.INTER_AREA)
            number = len(pictures)
            if number >= count:
                break
            if number % every:  # never looked at, unless the clip is played backwards
                pictures.append(small)
                masks.append(masks[-1])
                poses.append(poses[-1])
                continue
            found = estimate(VideoFrame(small, number, number / FPS, 0.0)).bodies
            pictures.append(small)
            masks.append(_mask(small))
            pixels = found[0].pixels if found else None
            poses.append(np.full((25, 2), np.nan) if pixels is None else pixels * _CLIP)
    return _Clip(pictures, masks, np.array(poses, np.float32))


def _mask(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W, 1) share of each pixel that is no green cloth."""
    blue, green, red = np.moveaxis(picture.astype(np.int16), 2, 0)
    excess = green - np.maximum(blue, red)
    mask = np.clip((40 - excess) / 25, 0, 1).astype(np.float32)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3)))
    return np.asarray(mask[..., None], np.float32)


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture of a scene and the truth about it.

    Attributes:
        frame: the picture.
        poses: (P, 25, 2) where the actors' joints are, as fractions of width and height.
        visible: (P,) share of each actor that nobody covers and that lies in the picture.
    """

    frame: VideoFrame
    poses: NDArray[np.float32]
    visible: NDArray[np.float32]


def shots(scene: Scene, folder: Path, every: int = 1) -> Iterator[Shot]:
    """Film a scene.

    Args:
        scene: what happens.
        folder: where the clips are.
        every: only each so many-th picture, for a slower camera.
    """
    count = round(scene.seconds * FPS)
    clips = [_clip(folder / actor.clip, count, every) for actor in scene.actors]
    for number in range(0, count, every):
        image = _room()
        poses, layers = [], []
        for actor, clip in zip(scene.actors, clips, strict=True):
            at = _bounce(number, len(clip.pictures))
            pose, layer = _paste(image, clip, at, actor.path(number / (count - 1)), actor.size)
            poses.append(pose)
            layers.append(layer)
        yield Shot(
            VideoFrame(image.astype(np.uint8), number // every, number / FPS, 0.0),
            np.stack(poses),
            _visible(layers),
        )


def _bounce(number: int, length: int) -> int:
    """Forwards, then backwards, and so on, for scenes longer than a clip."""
    number %= 2 * length - 2
    return number if number < length else 2 * length - 2 - number


def _paste(
    image: NDArray[np.float32], clip: _Clip, number: int, at: float, size: float
) -> tuple[NDArray[np.float32], tuple[NDArray[np.float32], float]]:
    side = round(_CLIP * size)
    picture = cv2.resize(clip.pictures[number], (side, side), interpolation=cv2.INTER_AREA)
    mask = cv2.resize(clip.masks[number], (side, side), interpolation=cv2.INTER_AREA)[..., None]
    pose = clip.poses[number] * size
    left = round(at * WIDTH - side / 2)
    top = round(HEIGHT * _FLOOR - side * 0.985)
    layer = np.zeros((HEIGHT, WIDTH), np.float32)
    x0, x1 = max(left, 0), min(left + side, WIDTH)
    y0, y1 = max(top, 0), min(top + side, HEIGHT)
    inside = mask[y0 - top : y1 - top, x0 - left : x1 - left]
    part = image[y0:y1, x0:x1]
    part += inside * (picture[y0 - top : y1 - top, x0 - left : x1 - left] - part)
    layer[y0:y1, x0:x1] = inside[..., 0]
    placed = (pose + np.array((left, top))) / (WIDTH, HEIGHT)
    return placed.astype(np.float32), (layer, float(mask.sum()))


def _visible(layers: Sequence[tuple[NDArray[np.float32], float]]) -> NDArray[np.float32]:
    cover = np.zeros((HEIGHT, WIDTH), np.float32)
    shares = []
    for layer, whole in reversed(layers):
        shares.append(float((layer * (1 - cover)).sum()) / max(whole, 1.0))
        cover = np.maximum(cover, layer)
    return np.array(shares[::-1], np.float32)


def _room() -> NDArray[np.float32]:
    """A wall and a floor."""
    down = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None, None]
    wall = np.array((168, 172, 176), np.float32) - 30 * down
    floor = np.array((92, 104, 118), np.float32)
    return np.ascontiguousarray(
        np.where(down > 0.8, floor, wall) + np.zeros((1, WIDTH, 1)), np.float32
    )
