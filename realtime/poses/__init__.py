"""From pictures to bodies: MediaPipe's landmarks as Kinect's 25 joints."""

from realtime.poses.bundle import Variant, find_bundle
from realtime.poses.estimator import PoseEstimator
from realtime.poses.kinect import to_ntu25

__all__ = ["PoseEstimator", "Variant", "find_bundle", "to_ntu25"]
