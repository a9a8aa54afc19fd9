"""Send what a Kinect v2 sees to pgfa-live on any machine. For the Windows host of the sensor.

    python send_kinect_v2.py tcp://*:5560                       (there)
    pgfa-live --source zmq+tcp://windows-host:5560 --classes labels.txt      (here)

Needs the Kinect for Windows SDK 2.0, pykinect2 and pyzmq, but not this package, and runs on the old
Pythons that pykinect2 0.1.0 is for (64 bits: up to 3.7, as it uses time.clock).
"""

import json
import sys
import time

import zmq
from pykinect2 import PyKinectRuntime, PyKinectV2

JOINTS = 25
NOT_TRACKED = 0


def body_of(body):  # noqa: ANN001, ANN201
    """One person as a message says it: metres, y up, null for what is not tracked."""
    joints = []
    for index in range(JOINTS):
        joint = body.joints[index]
        place = joint.Position
        seen = joint.TrackingState != NOT_TRACKED
        joints.append([place.x, place.y, place.z] if seen else None)
    return {"id": int(body.tracking_id), "joints": joints}


def main(endpoint):  # noqa: ANN001, ANN201
    """Send every new frame, also those with nobody in them."""
    socket = zmq.Context.instance().socket(zmq.PUB)
    socket.bind(endpoint)
    kinect = PyKinectRuntime.PyKinectRuntime(PyKinectV2.FrameSourceTypes_Body)
    latest = None
    while True:
        frame = kinect.get_last_body_frame()
        # has_new_body_frame() stays True in pykinect2 0.1.0; but every frame has new bodies.
        if frame is None or frame.bodies is None or frame.bodies[0] is latest:
            time.sleep(0.004)
            continue
        latest = frame.bodies[0]
        message = {
            "schema": 1,
            "type": "poses",
            "layout": "ntu-25",
            "fps": 30,
            "t": time.perf_counter(),  # monotonic; time.time() may be set
            "bodies": [body_of(body) for body in frame.bodies if body.is_tracked],
        }
        socket.send(json.dumps(message).encode())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tcp://*:5560")
