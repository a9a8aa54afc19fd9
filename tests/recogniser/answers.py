"""Made-up answers."""

import numpy as np

from realtime.recogniser import Recognition
from realtime.recogniser.motion import Limbs
from realtime.windows import SkeletonWindow

CLASSES = ("wave", "bow", "jump")
STRIDE = 0.2
STILL = 0.15


def limbs(out=0.0, speed=0.0, peak=0.0):
    """Three limbs ``out`` metres from where they rest."""
    places = np.zeros((12, 3), np.float32)
    places[:3, 1] = out
    return Limbs(places, speed, peak)


def answer(end, probabilities, track=0, state="known", limbs=limbs()):  # noqa: B008
    """An answer to the window that ends at ``end``; a name stands for a sure answer."""
    if isinstance(probabilities, str):
        probabilities = [float(name == probabilities) for name in CLASSES]
    times = np.array([end - 2.0, end])
    window = SkeletonWindow(track, np.zeros((2, 1, 25, 3), np.float32), times, 0, 1e9 + end)
    p = np.array(probabilities, np.float32)
    best = CLASSES[int(p.argmax())]
    label = best if state == "known" else state
    top = ((best, float(p.max())),)
    return Recognition(window, label, float(p.max()), top, 1.0, state, CLASSES, p, 0.0, limbs)


def acted(path, probabilities, start=2.0, track=0):
    """Answers to somebody whose limbs follow a path.

    Args:
        path: (seconds, metres from rest) pairs from 0 on, straight in between; where nothing moves
            for 0.6 seconds the person is idle.
        probabilities: of all windows, or a function of the seconds since the start.
        start: seconds.
    """
    at, out = np.array(path, float).T
    answers = []
    for time in np.arange(0, at[-1] + 1e-6, STRIDE):

        def place(ago, time=time):
            return np.interp(time - ago, at, out)

        speeds = [abs(place(ago) - place(ago + 0.2)) / 0.2 for ago in (0.0, 0.1, 0.2, 0.3)]
        moved = np.ptp([place(ago) for ago in np.arange(0, 0.61, 0.1)]) / 0.6
        said = probabilities(time) if callable(probabilities) else probabilities
        answers.append(
            answer(
                start + time,
                said,
                track,
                "idle" if moved < STILL else "known",
                limbs(place(0.0), speeds[0], max(speeds)),
            )
        )
    return answers
