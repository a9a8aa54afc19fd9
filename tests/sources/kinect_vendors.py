"""The vendors' objects as their wrappers shape them, fed with real joints of NTU clips.

Names and nesting are those of pykinect2 0.1.0 and pykinect_azure 0.0.4; the structures are ctypes,
as theirs are, so values have the vendor's precision.
"""

import ctypes
import time
from types import SimpleNamespace

import numpy as np


class Point(ctypes.Structure):
    _fields_ = (("x", ctypes.c_float), ("y", ctypes.c_float), ("z", ctypes.c_float))


class KinectJoint(ctypes.Structure):
    _fields_ = (
        ("JointType", ctypes.c_int),
        ("Position", Point),
        ("TrackingState", ctypes.c_int),
    )


class Runtime:
    """``PyKinectRuntime``: the latest frame again and again, six places for bodies in it."""

    max_body_count = 6

    def __init__(self, clip, ids, fps=200.0):
        self.clip, self.ids, self.fps = clip, ids, fps
        self.began, self.shown, self.frame = time.monotonic(), -1, None
        self.states = np.full(25, 2)
        self.closed = self.unplugged = False

    def has_new_body_frame(self):
        return True  # as released: once it has been, for ever

    def get_last_body_frame(self):
        due = int((time.monotonic() - self.began) * self.fps)
        if due != self.shown and not self.unplugged:
            self.shown, people = due, self.clip[due % len(self.clip)]
            bodies = np.ndarray(self.max_body_count, dtype=object)
            for place in range(self.max_body_count):
                bodies[place] = SimpleNamespace(is_tracked=False, tracking_id=-1)
            for place, (joints, of) in enumerate(zip(people, self.ids, strict=True)):
                if np.isfinite(joints).any():
                    bodies[5 - place] = self.body(joints, of)
            self.frame = bodies
        if self.frame is None:
            return None
        return SimpleNamespace(bodies=np.copy(self.frame), floor_clip_plane=None)

    def body(self, joints, of):
        array = (KinectJoint * 25)()
        for index, (position, state) in enumerate(zip(joints, self.states, strict=True)):
            array[index] = KinectJoint(index, Point(*map(float, position)), int(state))
        return SimpleNamespace(
            is_tracked=True,
            tracking_id=of,
            joints=ctypes.cast(array, ctypes.POINTER(KinectJoint)),
            keep=array,
        )

    def close(self):
        self.closed = True


class Float3(ctypes.Union):
    _fields_ = (("xyz", Point), ("v", ctypes.c_float * 3))


class Quaternion(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_float) for name in "wxyz")


class AzureJoint(ctypes.Structure):
    _fields_ = (
        ("position", Float3),
        ("orientation", Quaternion),
        ("confidence_level", ctypes.c_int),
    )


class Skeleton(ctypes.Structure):
    _fields_ = (("joints", AzureJoint * 32),)


# Where Azure Kinect keeps each of NTU-25, by name, as Microsoft lists its joints.
AZURE = {
    "PELVIS": 0, "SPINE_NAVEL": 1, "NECK": 2, "HEAD": 3,
    "SHOULDER_LEFT": 4, "ELBOW_LEFT": 5, "WRIST_LEFT": 6, "HAND_LEFT": 7,
    "SHOULDER_RIGHT": 8, "ELBOW_RIGHT": 9, "WRIST_RIGHT": 10, "HAND_RIGHT": 11,
    "HIP_LEFT": 12, "KNEE_LEFT": 13, "ANKLE_LEFT": 14, "FOOT_LEFT": 15,
    "HIP_RIGHT": 16, "KNEE_RIGHT": 17, "ANKLE_RIGHT": 18, "FOOT_RIGHT": 19,
    "SPINE_CHEST": 20, "HANDTIP_LEFT": 21, "THUMB_LEFT": 22, "HANDTIP_RIGHT": 23,
    "THUMB_RIGHT": 24,
}  # fmt: skip
K4ABT = (
    *("PELVIS", "SPINE_NAVEL", "SPINE_CHEST", "NECK"),
    *(f"{part}_LEFT" for part in ("CLAVICLE", "SHOULDER", "ELBOW", "WRIST", "HAND")),
    *("HANDTIP_LEFT", "THUMB_LEFT"),
    *(f"{part}_RIGHT" for part in ("CLAVICLE", "SHOULDER", "ELBOW", "WRIST", "HAND")),
    *("HANDTIP_RIGHT", "THUMB_RIGHT"),
    *(f"{part}_{side}" for side in ("LEFT", "RIGHT") for part in ("HIP", "KNEE", "ANKLE", "FOOT")),
    *("HEAD", "NOSE", "EYE_LEFT", "EAR_LEFT", "EYE_RIGHT", "EAR_RIGHT"),
)


def as_azure(joints):
    """(25, 3) NTU to (32, 3) as Azure Kinect would see it: mm, x to its right, y down."""
    points = np.full((32, 3), 9e3, np.float32)  # what NTU lacks must not be looked at
    for place, name in enumerate(K4ABT):
        if name in AZURE:
            points[place] = joints[AZURE[name]] * (-1e3, -1e3, 1e3)
    return points


class AzureFrame:
    def __init__(self, people, ids, usec):
        self.people = [(j, i) for j, i in zip(people, ids, strict=True) if np.isfinite(j).any()]
        self.usec = usec

    def get_num_bodies(self):
        return len(self.people)

    def get_body_id(self, index=0):
        return self.people[index][1]

    def get_body_skeleton(self, index=0):
        skeleton = Skeleton()
        for place, point in enumerate(as_azure(self.people[index][0])):
            level = 0 if K4ABT[place] == "FOOT_LEFT" else 2
            joint = AzureJoint(confidence_level=level)
            joint.position.xyz = Point(*map(float, point))
            skeleton.joints[place] = joint
        return skeleton

    def get_device_timestamp_usec(self):
        return self.usec


class Azure:
    """The module ``pykinect_azure``: it exits where others raise."""

    default_configuration = "default"

    def __init__(self, clip, ids):
        self.clip, self.ids, self.shown = clip, ids, 0
        self.plugged, self.tracking, self.closed, self.destroyed = True, True, 0, 0

    def start_device(self, device_index=0, config=None):
        assert config == self.default_configuration
        if not self.plugged:
            print("Open K4A Device failed!")
            raise SystemExit(1)
        return SimpleNamespace(update=self.update, close=self.close)

    def start_body_tracker(self):
        if not self.tracking:
            raise SystemExit(1)
        return SimpleNamespace(update=self.track, destroy=self.destroy)

    def update(self, timeout_in_ms=-1):
        assert timeout_in_ms > 0
        time.sleep(0.002)
        if not self.plugged:
            raise SystemExit(1)

    def track(self, capture=None, timeout_in_ms=-1):
        people = self.clip[min(self.shown, len(self.clip) - 1)]
        self.shown += 1
        return AzureFrame(people, self.ids, 5_000_000 + self.shown * 33_333)

    def close(self):
        self.closed += 1

    def destroy(self):
        self.destroyed += 1
