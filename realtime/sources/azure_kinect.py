"""Azure Kinect by Microsoft's Body Tracking SDK and pykinect_azure: 32 joints, mm, y down."""

import contextlib
import time
from typing import Any, Final

import numpy as np

from realtime.frames import Body, BodyFrame
from realtime.sources.feed import LostError
from realtime.sources.identities import Identities
from realtime.sources.layouts import LAYOUTS
from realtime.sources.sender_clock import SenderClock
from realtime.sources.vendors import exits_as_errors

_LAYOUT: Final = LAYOUTS["azure-32"]
_PATIENCE_MS: Final = 5_000  # for one frame; the tracker's first takes the longest
_SURE: Final = 2.0  # k4abt's confidence is 0 none, 1 low (occluded), 2 medium; it gives no more yet


def load_azure_kinect() -> Any:
    """The module ``pykinect_azure``, with Microsoft's two libraries behind it.

    Raises:
        InputError: one of them is not installed.
    """
    with exits_as_errors(
        lambda reason: (
            f"azure-kinect: cannot be loaded ({reason}); it needs Microsoft's Azure Kinect Sensor "
            "SDK and Body Tracking SDK, and pip install --no-deps pykinect_azure"
        )
    ):
        import pykinect_azure

        pykinect_azure.initialize_libraries(track_body=True)
    return pykinect_azure


class AzureKinect:
    """The bodies of a running sensor; a :class:`realtime.sources.feed.Feed`.

    Args:
        device: pykinect_azure's ``Device``, started.
        tracker: its body ``Tracker``.
    """

    fps: float | None = 30.0
    aspect: float | None = None
    patient = False
    hint = "is the sensor plugged in, with its power supply?"

    def __init__(self, device: Any, tracker: Any) -> None:
        self._device, self._tracker = device, tracker
        self._clock = SenderClock()
        self._number = Identities()

    def read(self) -> BodyFrame:
        """See :class:`realtime.sources.feed.Feed`."""
        try:
            self._device.update(_PATIENCE_MS)
            frame = self._tracker.update(timeout_in_ms=_PATIENCE_MS)
        except (Exception, SystemExit):  # it exits where the sensor does not answer
            raise LostError(f"stopped giving poses; {self.hint}") from None
        arrived = time.monotonic()
        taken = self._clock(frame.get_device_timestamp_usec() / 1e6, arrived)
        bodies = tuple(self._body(frame, index) for index in range(frame.get_num_bodies()))
        return BodyFrame(bodies, 0, taken, time.time() - (arrived - taken), t_mono=taken)

    def close(self) -> None:
        """Stop tracker and sensor."""
        with contextlib.suppress(Exception, SystemExit):
            self._tracker.destroy()
        self._device.close()

    def _body(self, frame: Any, index: int) -> Body:
        joints = np.full((_LAYOUT.joints, 3), np.nan)
        levels = np.zeros(_LAYOUT.joints)
        for number, joint in enumerate(frame.get_body_skeleton(index).joints):
            levels[number] = joint.confidence_level
            if joint.confidence_level:
                joints[number] = joint.position.xyz.x, joint.position.xyz.y, joint.position.xyz.z
        joints[~np.isfinite(joints).all(axis=1)] = np.nan
        return Body(
            joints=_LAYOUT.positions(joints).astype(np.float32),
            confidence=float(np.minimum(levels / _SURE, 1.0).mean()),
            track=self._number(int(frame.get_body_id(index))),
        )


def open_azure_kinect(vendor: Any = None) -> AzureKinect:
    """Start sensor and body tracker.

    Args:
        vendor: the module ``pykinect_azure``, its libraries loaded; by default loaded here.

    Raises:
        InputError: something is not installed, or the sensor cannot be started.
    """
    vendor = vendor or load_azure_kinect()
    with exits_as_errors(
        lambda reason: (
            f"azure-kinect: cannot be started ({reason}); {AzureKinect.hint} does another "
            "program use it?"
        )
    ):
        device = vendor.start_device(config=vendor.default_configuration)
        try:
            return AzureKinect(device, vendor.start_body_tracker())
        except BaseException:
            device.close()
            raise
