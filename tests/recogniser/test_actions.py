import numpy as np

from realtime.recogniser import ActionSegmenter, Recognition
from realtime.windows import SkeletonWindow


def answer(label, end, track=0):
    times = np.array([end - 2.0, end])
    window = SkeletonWindow(track, np.zeros((2, 1, 25, 3), np.float32), times, 0, 1e9 + end)
    return Recognition(window, label, 0.9, ((label, 0.9),), 1.0)


def feed(segmenter, *answers):
    return [event for one in answers for event in segmenter.push(one)]


def test_equal_answers_in_a_row_are_one_action():
    segmenter = ActionSegmenter(windows_to_start=2)
    events = feed(
        segmenter, answer("wave", 2.0), answer("wave", 2.4), answer("wave", 2.8), answer("bow", 3.2)
    )
    assert [(e.phase, e.label, e.t_start, e.t_end) for e in events] == [
        ("start", "wave", 0.0, None),
        ("end", "wave", 0.0, 2.8),
    ]
    assert segmenter.finish_all() == []  # one window of "bow" is not an action yet


def test_a_single_answer_is_no_action():
    flicker = [answer(label, 2 + i * 0.4) for i, label in enumerate("abababab")]
    assert feed(ActionSegmenter(windows_to_start=2), *flicker) == []


def test_people_act_independently_and_end_when_they_leave():
    segmenter = ActionSegmenter(windows_to_start=1)
    feed(segmenter, answer("wave", 2.0, track=1), answer("bow", 2.1, track=2))
    assert segmenter.finish_absent(2.5, max_gap=1.0) == []
    feed(segmenter, answer("wave", 3.4, track=1))
    (gone,) = segmenter.finish_absent(3.5, max_gap=1.0)
    assert (gone.phase, gone.track, gone.label, gone.t_end) == ("end", 2, "bow", 2.1)
    (last,) = segmenter.finish_all()
    assert last.track == 1
