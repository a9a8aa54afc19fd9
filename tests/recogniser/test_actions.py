import numpy as np
import pytest
from answers import answer

from bank.errors import InputError
from realtime.recogniser import ActionSegmenter, Rules
from realtime.recogniser.actions import EVERY_WINDOW

SHARP = Rules(start=0.6, end=0.3, smooth=0.0, minimum=0.2, gap=0.5)


def feed(segmenter, *answers):
    return [event for one in answers for event in segmenter.push(one)]


def said(events):
    return [(e.phase, e.label, round(e.t_decided, 1)) for e in events]


def every(start, stop, probabilities, **more):
    return [answer(end, probabilities, **more) for end in np.arange(start, stop - 1e-6, 0.2)]


def test_an_action_begins_after_a_while_and_ends_where_it_stopped():
    segmenter = ActionSegmenter(SHARP)
    events = feed(segmenter, *every(2, 3, "wave"), *every(3, 4, "wave", state="idle"))
    assert said(events) == [("start", "wave", 2.2), ("end", "wave", 3.4)]
    assert events[1].t_end == pytest.approx(2.8)  # the last window that showed it
    assert events[0].t_start == events[1].t_start < 2.2
    assert segmenter.finish_all() == []


def test_between_the_thresholds_an_action_goes_on_but_none_begins():
    doubtful = (0.45, 0.35, 0.2)
    assert feed(ActionSegmenter(SHARP), *every(2, 4, doubtful)) == []
    segmenter = ActionSegmenter(SHARP)
    assert said(feed(segmenter, *every(2, 3, "wave"), *every(3, 5, doubtful))) == [
        ("start", "wave", 2.2)
    ]


def test_a_short_gap_is_bridged_and_a_long_one_is_not():
    short = [*every(2, 3, "wave"), *every(3, 3.4, "wave", state="unknown"), *every(3.4, 4, "wave")]
    assert said(feed(ActionSegmenter(SHARP), *short)) == [("start", "wave", 2.2)]
    long = [*every(2, 3, "wave"), *every(3, 4, "wave", state="unknown"), *every(4, 5, "wave")]
    assert [phase for phase, _, _ in said(feed(ActionSegmenter(SHARP), *long))] == [
        *("start", "end", "start")
    ]


@pytest.mark.parametrize("state", ["idle", "unknown"])
def test_idle_and_unknown_are_never_actions(state):
    assert feed(ActionSegmenter(SHARP), *every(2, 6, "wave", state=state)) == []
    assert feed(ActionSegmenter(EVERY_WINDOW), *every(2, 6, "wave", state=state)) == []


def test_flicker_is_no_action():
    flicker = [answer(2 + 0.2 * i, ("wave", "bow")[i % 2]) for i in range(20)]
    assert feed(ActionSegmenter(SHARP), *flicker) == []
    assert len(feed(ActionSegmenter(EVERY_WINDOW), *flicker)) == 39  # 20 starts, 19 ends


def test_smoothing_outlasts_a_single_odd_window():
    rules = Rules(start=0.6, end=0.3, smooth=0.4, minimum=0.0, gap=0.0)
    odd = [*every(2, 4, "wave"), answer(4.0, "bow"), *every(4.2, 5, "wave")]
    assert said(feed(ActionSegmenter(rules), *odd)) == [("start", "wave", 2.0)]


def test_a_stronger_class_takes_over_at_once():
    events = feed(ActionSegmenter(SHARP), *every(2, 3, "wave"), *every(3, 4, "bow"))
    assert said(events)[:2] == [("start", "wave", 2.2), ("end", "wave", 3.0)]
    assert said(events)[2][:2] == ("start", "bow")
    assert events[2].t_start >= events[1].t_end  # one person does one thing at a time


def test_an_action_begins_where_the_person_began_to_move():
    rest = every(2, 4, "wave", state="idle")
    events = feed(ActionSegmenter(SHARP), *rest, *every(4, 5, (0.5, 0.4, 0.1)), answer(5.0, "wave"))
    assert events == []
    events = feed(
        ActionSegmenter(SHARP), *rest, *every(4, 5, (0.5, 0.4, 0.1)), *every(5, 6, "wave")
    )
    assert events[0].t_start == pytest.approx(3.4)
    assert events[0].t_decided == pytest.approx(5.2)


def test_people_act_independently_and_end_when_they_leave():
    segmenter = ActionSegmenter(Rules(minimum=0.0))
    feed(segmenter, answer(2.0, "wave", track=1), answer(2.1, "bow", track=2))
    assert segmenter.finish_absent(2.5, max_gap=1.0) == []
    feed(segmenter, answer(3.4, "wave", track=1))
    (gone,) = segmenter.finish_absent(3.5, max_gap=1.0)
    assert (gone.phase, gone.track, gone.label, gone.t_end) == ("end", 2, "bow", 2.1)
    (last,) = segmenter.finish_all()
    assert last.track == 1


@pytest.mark.parametrize(
    "wrong", [{"start": 0.2, "end": 0.4}, {"start": 1.2}, {"gap": -1.0}, {"end": -0.1}]
)
def test_rules_that_cannot_be_are_refused(wrong):
    with pytest.raises(InputError):
        Rules(**wrong)
