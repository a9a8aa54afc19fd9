"""A pose recording as one clip."""

from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np

from realtime.sources.recording import RecordingSource
from train.skeletons.clip import Clip
from train.skeletons.joints import JOINTS

_MOST: Final = 6  # people; those who are seen longest are kept


def clip_from_recording(path: Path) -> Clip:
    """All frames of a recording; each person has a place of their own.

    People are told apart by their tracks, where the recording has any, else by their place in the
    frame.

    Raises:
        InputError: it is not a recording, damaged, or nobody is in it.
    """
    source = RecordingSource(path)
    try:
        frames = list(source)
    finally:
        source.close()
    people = [
        {body.track if body.track >= 0 else -1 - place: body for place, body in enumerate(f.bodies)}
        for f in frames
    ]
    seen = Counter(who for bodies in people for who in bodies)
    places = {who: place for place, (who, _) in enumerate(seen.most_common(_MOST))}
    joints = np.full((len(frames), max(1, len(places)), JOINTS, 3), np.nan, np.float32)
    for number, bodies in enumerate(people):
        for who, body in bodies.items():
            if who in places:
                joints[number, places[who]] = body.joints
    times = np.array([frame.time for frame in frames])
    return Clip(joints, times, name=path.name, label="", dataset="recording")
