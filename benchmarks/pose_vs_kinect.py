"""Our pose stage against Kinect v2 on the same 103 frames, and milliseconds per frame.

    python -m benchmarks.pose_vs_kinect [--shared ../shared] [--pose-model PATH] [--proportions]
    python -m benchmarks.pose_vs_kinect --errors train/training/augment/webcam.json

NTU RGB+D gives a clip both as colour video and as Kinect's joints. The video is mirrored, as
Kinect's colour stream is (the wall clock in it runs backwards), so it is turned back first. From
both skeletons SpineShoulder is subtracted in each frame, as the network's preparation does; then
one factor for the whole clip brings ours to Kinect's size. The second figure of a joint also lets
one rotation for the whole clip go, since the colour and the depth camera do not stand alike and a
single picture tells little of the camera's tilt. `tracked` leaves out what Kinect itself marks as
inferred.

`--errors` takes the rotated distances apart, joint by joint, into what stays over the clip
(offset), what wanders within it (drift) and what changes from frame to frame (jitter), along the
picture and along the camera's axis, and writes them for `train/training/augment`.
"""

import argparse
import json
import re
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import mediapipe
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from bank.files import write_atomically
from realtime.frames import VideoFrame
from realtime.poses import PoseEstimator, find_bundle
from realtime.poses.native import hushed
from train.skeletons.joints import INDEX, JOINTS, NTU_25, SPINE_SHOULDER

PAIR = "S001C001P001R001A001"
COLOUR_FOV = 84.1  # degrees across, Kinect v2's colour camera
Joints = NDArray[np.float64]  # (T, 25, 3)


def read_skeleton(path: Path) -> tuple[Joints, NDArray[np.bool_]]:
    """First body of an NTU ``.skeleton`` file: joints (T, 25, 3) and which are tracked (T, 25)."""
    lines = iter(path.read_text().splitlines())
    joints, tracked = [], []
    for _ in range(int(next(lines))):
        for body in range(int(next(lines))):
            next(lines)
            rows = [[float(v) for v in next(lines).split()] for _ in range(int(next(lines)))]
            if body == 0:
                joints.append([row[:3] for row in rows])
                tracked.append([row[-1] == 2 for row in rows])
    return np.array(joints), np.array(tracked)


def read_video(path: Path, *, mirrored: bool = False, every: int = 1) -> list[VideoFrame]:
    """Every so many-th frame of a video; a mirrored one is turned back."""
    capture = cv2.VideoCapture(str(path))
    fps = capture.get(cv2.CAP_PROP_FPS)
    frames, index = [], 0
    while (read := capture.read())[0]:
        if index % every == 0:
            image = cv2.flip(read[1], 1) if mirrored else read[1]
            frames.append(VideoFrame(image.astype(np.uint8, copy=False), index, index / fps, 0.0))
        index += 1
    return frames


def estimate(frames: list[VideoFrame], bundle: Path | None = None) -> Joints:
    """Our joints of a one-person video (T, 25, 3), NaN where nobody is found."""
    absent = np.full((JOINTS, 3), np.nan)
    with PoseEstimator(bundle, horizontal_fov=COLOUR_FOV) as estimator:
        found = [estimator(frame).bodies for frame in frames]
    return np.array([bodies[0].joints if bodies else absent for bodies in found], dtype=np.float64)


@dataclass(frozen=True)
class Agreement:
    """Ours, moved and scaled (and turned) onto Kinect's.

    Attributes:
        ours, kinect: (T, 25, 3) metres from SpineShoulder.
        scale: the factor on ours.
        turn: degrees ours were rotated by.
        rotation: (3, 3), applied to ours from the right.
        distances: (T, 25) centimetres.
    """

    ours: Joints
    kinect: Joints
    scale: float
    turn: float
    rotation: NDArray[np.float64]
    distances: NDArray[np.float64]


def agree(ours: Joints, kinect: Joints, *, rotate: bool) -> Agreement:
    """Bring ours onto Kinect's as far as translation, one scale and one rotation can."""
    ours = ours - ours[:, SPINE_SHOULDER, None]
    kinect = kinect - kinect[:, SPINE_SHOULDER, None]
    rotation = np.eye(3)
    if rotate:
        left, _, right = np.linalg.svd(ours.reshape(-1, 3).T @ kinect.reshape(-1, 3))
        rotation = left @ np.diag([1, 1, np.sign(np.linalg.det(left @ right))]) @ right
    ours = ours @ rotation
    turn = float(np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))))
    scale = float((ours * kinect).sum() / (ours * ours).sum())
    ours = scale * ours
    distances = np.linalg.norm(ours - kinect, axis=-1) * 100
    return Agreement(ours, kinect, scale, turn, rotation, distances)


def sides(found: Agreement, joint: str) -> tuple[float, float, float]:
    """Mean cm from ours to Kinect's on the same side and on the other, and share of frames right.

    A frame is right when the two same-side distances together are less than the two crossed ones.
    """
    left, right = INDEX[f"{joint}Left"], INDEX[f"{joint}Right"]

    def apart(a: int, b: int) -> NDArray[np.float64]:
        return np.asarray(np.linalg.norm(found.ours[:, a] - found.kinect[:, b], axis=-1) * 100)

    same = (apart(left, left) + apart(right, right)) / 2
    crossed = (apart(left, right) + apart(right, left)) / 2
    return float(same.mean()), float(crossed.mean()), float(np.mean(same < crossed))


def proportions(joints: Joints) -> dict[str, float]:
    """Median segment lengths of a clip (T, 25, 3) in units of SpineBase to SpineShoulder."""

    def length(a: str, b: str) -> NDArray[np.float64]:
        return np.asarray(np.linalg.norm(joints[:, INDEX[a]] - joints[:, INDEX[b]], axis=-1))

    def both(a: str, b: str) -> NDArray[np.float64]:
        return (length(f"{a}Left", f"{b}Left") + length(f"{a}Right", f"{b}Right")) / 2

    lengths = {
        "hip to hip": length("HipLeft", "HipRight"),
        "shoulder to shoulder": length("ShoulderLeft", "ShoulderRight"),
        "base to mid spine": length("SpineBase", "SpineMid"),
        "neck above shoulders": length("SpineShoulder", "Neck"),
        "head above shoulders": length("SpineShoulder", "Head"),
        "upper arm": both("Shoulder", "Elbow"),
        "forearm": both("Elbow", "Wrist"),
        "wrist to hand": both("Wrist", "Hand"),
        "wrist to hand tip": both("Wrist", "HandTip"),
        "wrist to thumb": both("Wrist", "Thumb"),
        "thigh": both("Hip", "Knee"),
        "shin": both("Knee", "Ankle"),
        "foot": both("Ankle", "Foot"),
    }
    torso = length("SpineBase", "SpineShoulder")
    return {name: float(np.nanmedian(value / torso)) for name, value in lengths.items()}


def print_agreement(ours: Joints, kinect: Joints, tracked: NDArray[np.bool_]) -> None:
    """The table of distances, and the sides."""
    plain, turned = (agree(ours, kinect, rotate=rotate) for rotate in (False, True))
    print("| joint | cm | rotated, cm | rotated and tracked, cm | tracked by Kinect |")
    print("| --- | ---: | ---: | ---: | ---: |")

    def row(name: str, joints: NDArray[np.bool_]) -> None:
        chosen = np.broadcast_to(joints, tracked.shape)
        seen = chosen & tracked
        last = f"{turned.distances[seen].mean():.1f}" if seen.any() else "-"
        print(
            f"| {name} | {plain.distances[chosen].mean():.1f} "
            f"| {turned.distances[chosen].mean():.1f} | {last} "
            f"| {seen.sum() / chosen.sum():.0%} |"
        )

    for joint, name in enumerate(NTU_25):
        if joint != SPINE_SHOULDER:
            row(name, np.arange(JOINTS) == joint)
    others = np.arange(JOINTS) != SPINE_SHOULDER
    left_arm = [INDEX[f"{name}Left"] for name in ("Elbow", "Wrist", "Hand", "HandTip", "Thumb")]
    row("**mean without the left arm**", others & ~np.isin(np.arange(JOINTS), left_arm))
    row("**mean of all**", others)
    print(
        f"\nscale {plain.scale:.3f}; with a rotation of {turned.turn:.1f} degrees "
        f"{turned.scale:.3f}"
    )
    for part in ("Elbow", "Wrist", "Hand"):
        same, crossed, share = sides(plain, part)
        print(
            f"{part.lower()}s: {same:.1f} cm from Kinect's on the same side, {crossed:.1f} cm "
            f"from the other; same side nearer in {share:.0%} of frames"
        )
    for name, joints in (("ours", ours), ("Kinect", kinect)):
        place = np.nanmedian(joints[:, INDEX["SpineBase"]], axis=0)
        print(f"hips stand at (x, y, z) metres, {name}: {np.round(place, 2)}")


def print_proportions(shared: Path, bundle: Path | None, pair: Joints) -> None:
    """Segment lengths of Kinect's people and of ours."""
    kinect = [
        proportions(read_skeleton(path)[0])
        for path in sorted((shared / "data/ntu_samples").glob("*.skeleton"))
    ]
    ours = [proportions(pair)]
    for video in sorted((shared / "data/video").glob("*.mp4")):
        ours.append(proportions(estimate(read_video(video, every=3), bundle)))
    print(f"\n| of the torso's length | Kinect, {len(kinect)} clips | ours, {len(ours)} clips |")
    print("| --- | ---: | ---: |")
    for name in kinect[0]:
        values = [np.array([clip[name] for clip in clips]) for clips in (kinect, ours)]
        cells = (f"{np.median(v):.2f} ({v.min():.2f} to {v.max():.2f})" for v in values)
        print(f"| {name} | {' | '.join(cells)} |")


@dataclass(frozen=True)
class Errors:
    """Ours minus Kinect's after one scale and one rotation for the clip, taken apart.

    Attributes:
        offset: (25, 3) metres, mean over the clip.
        drift: (25, 3) metres, standard deviation of the running mean about the offset.
        jitter: (25, 3) metres, standard deviation about the running mean.
        kinect: (25, 3) metres, Kinect's own jitter, which is part of ours.
        tracked: (25) share of frames in which Kinect tracks the joint; the others do not count.
        correlation: of the jitter from one frame to the next.
        larger: our people's size in units of Kinect's, less 1.
        tilt: degrees about the x, y and z axis that the rotation takes out.
    """

    offset: NDArray[np.float64]
    drift: NDArray[np.float64]
    jitter: NDArray[np.float64]
    kinect: NDArray[np.float64]
    tracked: NDArray[np.float64]
    correlation: float
    larger: float
    tilt: tuple[float, float, float]


_RUNNING = 15  # frames of the running mean: half a second


def _running_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, ...) mean over half a second around every frame, less at the ends."""
    reach = _RUNNING // 2
    return np.stack(
        [np.nanmean(values[max(0, t - reach) : t + reach + 1], axis=0) for t in range(len(values))]
    )


def take_apart(ours: Joints, kinect: Joints, tracked: NDArray[np.bool_]) -> Errors:
    """The error of each joint over the clip, slow and fast, along x, y and z of the camera."""
    found = agree(ours, kinect, rotate=True)
    # A joint that Kinect guesses, and what it hangs on that guess, says nothing about us.
    known = tracked.copy()
    for side in ("Left", "Right"):
        for tip in ("HandTip", "Thumb"):
            known[:, INDEX[f"{tip}{side}"]] &= known[:, INDEX[f"Wrist{side}"]]
    with warnings.catch_warnings():  # half a second in which nothing counts has no mean
        warnings.simplefilter("ignore", RuntimeWarning)
        error = np.where(known[..., None], found.ours - found.kinect, np.nan)
        offset = np.nanmean(error, axis=0)
        slow = np.where(known[..., None], _running_mean(error), np.nan)
        fast = error - slow
        own = np.where(known[..., None], found.kinect - _running_mean(found.kinect), np.nan)
    chosen = known.mean(axis=0) > 0.8
    chosen[SPINE_SHOULDER] = False
    here, following = fast[:-1, chosen], fast[1:, chosen]
    both = np.isfinite(here) & np.isfinite(following)
    correlation = np.sum(here[both] * following[both]) / np.sqrt(
        np.sum(here[both] ** 2) * np.sum(following[both] ** 2)
    )
    rotation = Rotation.from_matrix(found.rotation.T)
    x, y, z = (float(angle) for angle in rotation.as_euler("xyz", degrees=True))
    return Errors(
        offset=offset,
        drift=np.nanstd(slow, axis=0),
        jitter=np.nanstd(fast, axis=0),
        kinect=np.nanstd(own, axis=0),
        tracked=known.mean(axis=0),
        correlation=float(correlation),
        larger=1 / found.scale - 1,
        tilt=(x, y, z),
    )


def print_errors(errors: Errors) -> None:
    """A table in centimetres: along the picture (x and y together) and along the camera's axis."""
    parts = {"offset": errors.offset, "drift": errors.drift, "jitter": errors.jitter}
    names = [f"{part}, {way}" for part in parts for way in ("picture", "depth")]
    print(f"\n| cm | {' | '.join(names)} | counted |")
    print(f"| --- |{' ---: |' * (len(names) + 1)}")
    for joint, name in enumerate(NTU_25):
        if joint == SPINE_SHOULDER:
            continue
        cells = []
        for values in parts.values():
            picture = np.sqrt((values[joint, :2] ** 2).mean())
            cells += [f"{100 * picture:.1f}", f"{100 * abs(values[joint, 2]):.1f}"]
        print(f"| {name} | {' | '.join(cells)} | {errors.tracked[joint]:.0%} |")
    seen = errors.tracked > 0.8
    print(
        f"\nlarger by {errors.larger:.1%}; turned by {errors.tilt[0]:.1f}, {errors.tilt[1]:.1f} "
        f"and {errors.tilt[2]:.1f} degrees about x, y and z; jitter correlates by "
        f"{errors.correlation:.2f} from frame to frame (30 fps); Kinect's own is "
        f"{100 * np.sqrt((errors.kinect[seen] ** 2).mean()):.1f} cm of "
        f"{100 * np.sqrt((errors.jitter[seen] ** 2).mean()):.1f} cm"
    )


def write_errors(errors: Errors, path: Path) -> None:
    """The same for the webcam corruption: metres, along x, y and z for every joint."""

    def table(values: NDArray[np.float64]) -> dict[str, list[float]]:
        return {
            name: [round(float(v), 4) for v in np.nan_to_num(values[joint])]
            for joint, name in enumerate(NTU_25)
        }

    data = {
        "made by": f"python -m benchmarks.pose_vs_kinect --errors {path}",
        "from": f"NTU RGB+D {PAIR}, 103 frames at 30 fps: MediaPipe against Kinect v2",
        "units": "metres from SpineShoulder, along the camera's x, y and z; one scale and one "
        "rotation for the clip taken out",
        "larger": round(errors.larger, 3),
        "tilt_degrees": [round(angle, 1) for angle in errors.tilt],
        "jitter_correlation": round(errors.correlation, 2),
        "counted": {n: round(float(s), 2) for n, s in zip(NTU_25, errors.tracked, strict=True)},
        "offset": table(errors.offset),
        "drift": table(errors.drift),
        "jitter": table(errors.jitter),
    }
    lines = json.dumps(data, indent=1)
    compact = re.sub(r"\[\s+([^\[\]]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", lines)
    write_atomically(path, (compact + "\n").encode())


def print_speed(frames: list[VideoFrame], size: tuple[int, int], bundle: Path) -> None:
    """Time of our stage beside MediaPipe alone, which gets the same RGB pictures in turn."""
    vision = mediapipe.tasks.vision
    options = vision.PoseLandmarkerOptions(
        base_options=mediapipe.tasks.BaseOptions(model_asset_path=str(bundle)),
        running_mode=vision.RunningMode.VIDEO,
    )
    with hushed():
        alone = vision.PoseLandmarker.create_from_options(options)
    spent: dict[str, list[float]] = {"ours": [], "alone": []}
    with PoseEstimator(bundle) as estimator:
        for frame in frames:
            image = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
            resized = replace(frame, image=image.astype(np.uint8, copy=False))
            rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
            began = time.perf_counter()
            estimator(resized)
            ended = time.perf_counter()
            picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)
            alone.detect_for_video(picture, round(frame.time * 1000))
            spent["ours"].append((ended - began) * 1000)
            spent["alone"].append((time.perf_counter() - ended) * 1000)
    alone.close()
    ours, bare = (float(np.median(times)) for times in spent.values())
    print(
        f"{size[0]} x {size[1]}: our stage {ours:.1f} ms per frame (median), p95 "
        f"{np.percentile(spent['ours'], 95):.1f} ms; MediaPipe alone {bare:.1f} ms; "
        f"ratio {ours / bare:.2f}"
    )


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--pose-model", type=Path, default=None)
    parser.add_argument("--proportions", action="store_true", help="segment lengths of all clips")
    parser.add_argument(
        "--errors", type=Path, metavar="OUT", help="only write and print each joint's errors"
    )
    args = parser.parse_args()
    folder = args.shared / "data/ntu_samples"
    video = folder / f"{PAIR}_rgb.avi"
    if not video.is_file():
        parser.error(f"{video} is not there: give --shared, the folder of real recordings")
    kinect, tracked = read_skeleton(folder / f"{PAIR}.skeleton")
    frames = read_video(video, mirrored=True)
    ours = estimate(frames, args.pose_model)
    if args.errors:
        errors = take_apart(ours, kinect, tracked)
        print_errors(errors)
        write_errors(errors, args.errors)
        return
    print_agreement(ours, kinect, tracked)
    for size in ((1920, 1080), (640, 360)):
        print_speed(frames, size, find_bundle(args.pose_model))
    if args.proportions:
        print_proportions(args.shared, args.pose_model, ours)


if __name__ == "__main__":
    main()
