"""Views made up for tests."""

import numpy as np

from realtime.display import View
from realtime.frames import Body, BodyFrame
from train.skeletons.joints import INDEX

CLASSES = ("wave", "bow", "clap", "kick")


def standing(track=0, x=0.0, pixels=None):
    """Somebody who faces the camera, the right hand raised."""
    joints = np.zeros((25, 3), np.float32)
    at = {
        "Spine": (0, 0.2),
        "SpineBase": (0, 0),
        "SpineShoulder": (0, 0.5),
        "Neck": (0, 0.55),
        "Head": (0, 0.7),
        "ShoulderLeft": (-0.2, 0.45),
        "ElbowLeft": (-0.3, 0.2),
        "WristLeft": (-0.35, -0.05),
        "HandLeft": (-0.35, -0.1),
        "HandTipLeft": (-0.35, -0.15),
        "ThumbLeft": (-0.3, -0.1),
        "ShoulderRight": (0.2, 0.45),
        "ElbowRight": (0.4, 0.45),
        "WristRight": (0.4, 0.75),
        "HandRight": (0.4, 0.8),
        "HandTipRight": (0.4, 0.85),
        "ThumbRight": (0.35, 0.8),
        "HipLeft": (-0.1, 0),
        "KneeLeft": (-0.12, -0.4),
        "AnkleLeft": (-0.12, -0.8),
        "FootLeft": (-0.15, -0.85),
        "HipRight": (0.1, 0),
        "KneeRight": (0.12, -0.4),
        "AnkleRight": (0.12, -0.8),
        "FootRight": (0.15, -0.85),
        "SpineMid": (0, 0.25),
    }
    for name, index in INDEX.items():
        joints[index, :2] = at[name]
    joints[:, 0] += x
    joints[:, 2] = 2.0
    return Body(joints, pixels=pixels, track=track)


def in_picture(track=0, centre=(0.5, 0.5), height=0.6, aspect=1.0):
    """The same person at a place in a picture."""
    body = standing(track)
    flat = body.joints[:, :2] * (-height / 1.7 / aspect, -height / 1.7) + centre
    return Body(body.joints, pixels=flat.astype(np.float32), track=track)


def view(*bodies, image=None, time=100.0, **changes):
    """A view of some people; every other value is a usual one."""
    values = {
        "frame": BodyFrame(bodies, 0, time, 0.0, image),
        "top": {body.track: (("wave", 0.75), ("bow", 0.2), ("clap", 0.05)) for body in bodies},
        "timeline": (),
        "fps": 25.0,
        "latency_ms": 40.0,
        "support": dict.fromkeys(CLASSES, 0),
    }
    return View(**{**values, **changes})
