"""Kinect v2 by Microsoft's runtime and pykinect2: 25 joints in our order, metres, y up."""

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from realtime.frames import Body, BodyFrame
from realtime.sources.identities import Identities
from realtime.sources.vendors import exits_as_errors
from train.skeletons.joints import JOINTS

_POLL: Final = 0.004  # seconds between looks; the sensor sees 30 times a second
_WAIT: Final = 0.1
# pykinect2's TrackingState is 0 not tracked, 1 inferred, 2 tracked.
_TRACKED: Final = 2.0


def load_kinect_v2() -> Callable[[], Any]:
    """What starts the vendor's runtime: gives a ``PyKinectRuntime`` that sees bodies.

    Raises:
        InputError: it is not installed, or does not run here.
    """
    with exits_as_errors(
        lambda reason: (
            f"kinect-v2: pykinect2 cannot be loaded ({reason}); it needs Windows, the Kinect for "
            "Windows SDK 2.0 and a pykinect2 that knows this Python; or send poses from a Python "
            "that has it: examples/send_kinect_v2.py"
        )
    ):  # elsewhere its import fails in many ways
        from pykinect2.PyKinectRuntime import PyKinectRuntime
        from pykinect2.PyKinectV2 import FrameSourceTypes_Body
    return lambda: PyKinectRuntime(FrameSourceTypes_Body)


class KinectV2:
    """The bodies of a running ``PyKinectRuntime``; a :class:`realtime.sources.feed.Feed`.

    Args:
        runtime: has ``get_last_body_frame()``, ``max_body_count`` and ``close()``.
    """

    fps: float | None = 30.0
    aspect: float | None = None
    patient = False
    hint = "is the sensor plugged in, with its power supply?"

    def __init__(self, runtime: Any) -> None:
        self._runtime = runtime
        self._latest: Any = None
        self._number = Identities()

    def read(self) -> BodyFrame | None:
        """See :class:`realtime.sources.feed.Feed`."""
        until = time.monotonic() + _WAIT
        while time.monotonic() < until:
            frame = self._runtime.get_last_body_frame()
            # As released, has_new_body_frame() stays True for ever; every frame has new bodies.
            if frame is not None and frame.bodies is not None:
                bodies = list(frame.bodies)
                if bodies and bodies[0] is not self._latest:
                    self._latest = bodies[0]
                    people = tuple(self._body(body) for body in bodies if body.is_tracked)
                    return BodyFrame(people, 0, 0.0, time.time())
            time.sleep(_POLL)
        return None

    def close(self) -> None:
        """Close the sensor."""
        self._runtime.close()

    def _body(self, body: Any) -> Body:
        joints = np.full((JOINTS, 3), np.nan, np.float32)
        states = np.zeros(JOINTS)
        for index in range(JOINTS):
            joint = body.joints[index]
            states[index] = joint.TrackingState
            if joint.TrackingState:
                joints[index] = joint.Position.x, joint.Position.y, joint.Position.z
        joints[~np.isfinite(joints).all(axis=1)] = np.nan
        confidence = float(states.mean() / _TRACKED)
        return Body(joints, None, confidence, self._number(int(body.tracking_id)))


def open_kinect_v2(start: Callable[[], Any] | None = None) -> KinectV2:
    """Start the sensor.

    Args:
        start: gives the runtime; by default the vendor's.

    Raises:
        InputError: it is not installed, or cannot be started.
    """
    start = start or load_kinect_v2()
    with exits_as_errors(
        lambda reason: f"kinect-v2: cannot be started ({reason}); {KinectV2.hint}"
    ):
        return KinectV2(start())
