"""Make a pose recording out of video clips: how ``pgfa-live --demo``'s recording was made.

    python examples/make_demo_recording.py demo.poses clip1.mp4 clip2.mp4 ...

Every clip goes through the pose estimator; the recordings are joined with a pause between them, so
that each clip's person is somebody new.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from realtime.poses import PoseEstimator
from realtime.sources import RecordingWriter, open_source

_PAUSE = 1.0  # seconds


def make(
    out: Annotated[Path, typer.Argument(help="The recording to write.")],
    clips: Annotated[list[Path], typer.Argument(help="Videos, in order.")],
) -> None:
    """Join the poses of clips into one recording."""
    with open_source(str(clips[0])) as first:
        writer = RecordingWriter(out, fps=first.fps, aspect=first.aspect, note="demo")
    begin, index = 0.0, 0
    with writer:
        for clip in tqdm(clips, unit="clip"):
            end = begin
            with open_source(str(clip)) as source, PoseEstimator() as estimate:
                for picture in source:
                    frame = estimate(picture)
                    end = begin + frame.time
                    writer.write(replace(frame, time=end, index=index))
                    index += 1
            begin = end + _PAUSE


if __name__ == "__main__":
    typer.run(make)
