"""Send poses to pgfa-live by ZeroMQ: replays a pose recording, an NTU clip, or a video's poses.

    python examples/send_poses.py S001C001P001R001A001.skeleton --to tcp://*:5560
    pgfa-live --source zmq+tcp://127.0.0.1:5560 --classes labels.txt

What another estimator has to do is the body of the loop in ``send``; docs/sources.md says what a
message holds. Without this package, ``examples/send_kinect_v2.py`` shows the same.
"""

import time
from contextlib import ExitStack
from typing import Annotated

import typer
import zmq

from realtime.frames import BodyFrame
from realtime.sources import open_source
from realtime.sources.pose_message import write_poses


def send(
    source: Annotated[str, typer.Argument(help="Anything that pgfa-live --source takes.")],
    to: Annotated[str, typer.Option(help="Where receivers connect.")] = "tcp://127.0.0.1:5560",
    connect: Annotated[bool, typer.Option("--connect", help="Connect there instead.")] = False,
    loop: Annotated[bool, typer.Option("--loop", help="Begin anew at the end.")] = False,
) -> None:
    """Send the bodies of a source at the speed at which they were seen."""
    socket = zmq.Context.instance().socket(zmq.PUB)
    # Or connect, to a receiver that waits at a port of its own: --source zmq+tcp://*:5560.
    (socket.connect if connect else socket.bind)(to)
    again = True
    while again:
        again = loop
        with ExitStack() as stack:
            opened = stack.enter_context(open_source(source, realtime=True))
            estimate = None
            if opened.gives == "frames":
                from realtime.poses import PoseEstimator  # only then: it takes seconds to load

                estimate = stack.enter_context(PoseEstimator(max_people=2))
            for item in opened:
                if isinstance(item, BodyFrame):
                    frame = item
                else:
                    assert estimate is not None
                    frame = estimate(item)
                # The time is a monotonic clock's, never time.time(), which may be set.
                socket.send(
                    write_poses(frame.bodies, t=frame.t_mono, fps=opened.fps, aspect=opened.aspect)
                )
    time.sleep(0.5)  # what is on its way should arrive


if __name__ == "__main__":
    typer.run(send)
