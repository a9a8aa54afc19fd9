import numpy as np

from realtime.recogniser.votes import Segments
from realtime.windows import SkeletonWindow


def window(end, track=0):
    return SkeletonWindow(track, np.zeros((2, 1, 25, 3)), np.array([end - 2.5, end]), 0, 0.0)


def numbers(segments, *windows):
    return [segments.of(one) for one in windows]


def test_windows_that_overlap_the_first_are_one_segment():
    segments = Segments(2.5)
    ends = [2.5, 2.9, 4.9, 5.0, 5.2, 7.4, 7.5]
    assert numbers(segments, *map(window, ends)) == [0, 0, 0, 1, 1, 1, 2]


def test_rest_divides_and_people_do_not_mix():
    segments = Segments(2.5)
    assert numbers(segments, window(2.5), window(2.6, track=1), window(2.7)) == [0, 1, 0]
    segments.rest(0)
    assert numbers(segments, window(2.9), window(2.9, track=1)) == [2, 1]


def test_a_clock_that_goes_back_begins_anew():
    segments = Segments(2.5)
    assert numbers(segments, window(9.0), window(3.0)) == [0, 1]
