import numpy as np
import pytest
from answers import acted, answer, limbs

from bank.errors import InputError
from realtime.recogniser import ActionSegmenter, Rules
from realtime.recogniser.rules import EVERY_WINDOW

# Arms up within 0.6 s at 1 m/s, held for a second, and down again.
UP, HELD, DOWN = (1.6, 0.6), (2.6, 0.6), (3.2, 0.0)
RAISE = [(0, 0), (1, 0), UP, HELD, DOWN, (5, 0)]
WALK = Rules().steady


def feed(segmenter, *answers):
    return [event for one in answers for event in segmenter.push(one)]


def said(events):
    return [(e.phase, e.label, round(e.t_decided, 1)) for e in events]


def starts(events):
    return [(e.label, round(e.t_decided, 1)) for e in events if e.phase == "start"]


def every(start, stop, probabilities, **more):
    return [answer(end, probabilities, **more) for end in np.arange(start, stop - 1e-6, 0.2)]


def moving(start, stop, probabilities, **more):
    """Somebody whose limbs go on without a halt."""
    return every(start, stop, probabilities, limbs=limbs(0.3, 1.0, 1.0), **more)


def test_an_action_is_said_where_the_stroke_halts_and_once():
    events = feed(ActionSegmenter(), *acted(RAISE, "wave"))
    assert starts(events) == [("wave", 3.8)]  # 0.2 s after the arms are up, not before
    begun, ended = events
    assert 2.4 <= begun.t_start <= 3.2  # where the person began to move
    assert (ended.phase, ended.t_start) == ("end", begun.t_start)
    assert begun.t_decided < ended.t_end


def test_the_way_back_is_no_action_even_where_it_looks_like_another_class():
    def looks(time):
        return "wave" if time < 2.6 else "bow"

    assert starts(feed(ActionSegmenter(), *acted(RAISE, looks))) == [("wave", 3.8)]


def test_a_stroke_that_only_slows_down_has_not_halted():
    slower = [(0, 0), (1, 0), (1.6, 0.6), (2.2, 0.9), (3.6, 0.9)]
    assert starts(feed(ActionSegmenter(), *acted(slower, "wave"))) == [("wave", 4.4)]


def test_the_way_back_may_end_beside_where_it_began():
    def looks(time):
        return "wave" if time < 2.6 else "bow"

    beside = [(0, 0), (1, 0), UP, HELD, (3.0, 0.2), (5, 0.2)]
    assert starts(feed(ActionSegmenter(), *acted(beside, looks))) == [("wave", 3.8)]


def test_the_way_back_of_a_long_hold_is_no_action_either():
    # Between the strokes the person stood still, and the posture is not yet the resting one.
    long = [(0, 0), (1, 0), UP, (4.0, 0.6), (4.6, 0.0), (6, 0)]
    assert starts(feed(ActionSegmenter(), *acted(long, "wave"))) == [("wave", 3.8)]


def test_every_repetition_is_an_action_though_there_is_no_rest_between():
    once = [(0.6, 0.6), (0.8, 0.6), (1.4, 0.0), (1.6, 0.0)]
    path = [(0, 0), (1, 0)] + [(1 + 1.6 * n + t, out) for n in range(3) for t, out in once]
    events = feed(ActionSegmenter(), *acted([*path, (7, 0)], "wave"))
    assert [label for label, _ in starts(events)] == ["wave"] * 3
    assert [e.phase for e in events] == ["start", "end"] * 3


def test_strokes_to_and_fro_far_from_rest_are_one_action():
    swing = [(1.6 + 0.4 * n, 0.9 if n % 2 else 0.6) for n in range(10)]
    path = [(0, 0), (1, 0), *swing, (6, 0), (7, 0)]
    assert [label for label, _ in starts(feed(ActionSegmenter(), *acted(path, "wave")))] == ["wave"]


def test_what_is_not_likely_where_it_halts_is_not_said():
    assert feed(ActionSegmenter(), *acted(RAISE, (0.35, 0.33, 0.32))) == []
    assert starts(feed(ActionSegmenter(), *acted(RAISE, (0.5, 0.3, 0.2)))) == [("wave", 3.8)]


def test_a_movement_that_was_unclear_is_said_at_its_end_if_it_is_sure_by_then():
    def becomes(probability):
        rest = (1 - probability) / 2
        return lambda time: (probability, rest, rest) if time > 3.0 else (0.34, 0.33, 0.33)

    events = feed(ActionSegmenter(), *acted(RAISE, becomes(0.95)))
    assert [event.phase for event in events] == ["start", "end"]
    assert 5.2 <= events[0].t_decided <= 5.6
    assert feed(ActionSegmenter(), *acted(RAISE, becomes(0.6))) == []


def test_another_class_at_a_second_halt_takes_over():
    def looks(time):
        return "wave" if time < 2.8 else "bow"

    further = [(0, 0), (1, 0), UP, HELD, (3.2, 1.4), (4.0, 1.4), (4.8, 0), (6, 0)]
    events = feed(ActionSegmenter(), *acted(further, looks))
    assert [label for label, _ in starts(events)] == ["wave", "bow"]
    first_end = next(e for e in events if e.phase == "end")
    second = [e for e in events if e.phase == "start"][1]
    assert second.t_start >= first_end.t_end  # one person does one thing at a time


def test_movements_that_are_no_strokes_are_not_said():
    for height, count in ((0.4, 1), (0.14, 0)):  # 1 m/s, 0.35 m/s
        path = [(0, 0), (1, 0), (1.4, height), (2.0, height), (2.4, 0), (4, 0)]
        assert len(starts(feed(ActionSegmenter(), *acted(path, "wave")))) == count


def test_who_stands_still_or_trembles_does_nothing():
    assert feed(ActionSegmenter(), *every(2, 8, "wave", state="idle")) == []
    trembling = [answer(2 + 0.2 * i, "wave", limbs=limbs(0.02, 0.1, 0.3)) for i in range(7)]
    assert feed(ActionSegmenter(), *trembling) == []


def test_what_is_unknown_is_not_said():
    unknown = [
        answer(2 + 0.2 * i, "wave", state="unknown", limbs=a.limbs)
        for i, a in enumerate(acted(RAISE, "wave"))
    ]
    assert feed(ActionSegmenter(), *unknown) == []


def test_who_settles_elsewhere_acts_from_there_and_comes_back_to_there():
    def looks(time):
        return "bow" if time < 4 else "wave" if time < 7.5 else "jump"

    sits = [(0, 0), (1, 0), (1.6, 0.8), (6, 0.8)]
    acts = [(6.6, 1.3), (7.4, 1.3), (8, 0.8), (9, 0.8)]
    events = feed(ActionSegmenter(), *acted(sits + acts, looks))
    assert [label for label, _ in starts(events)] == ["bow", "wave"]


def test_what_never_halts_is_said_once_its_class_is_steady():
    events = feed(ActionSegmenter(), *moving(2, 2 + 2 * WALK, "wave"))
    assert starts(events) == [("wave", 2 + WALK)]
    assert feed(ActionSegmenter(), *moving(2, 2 + 2 * WALK, (0.6, 0.3, 0.1))) == []
    flicker = [
        answer(2 + 0.2 * i, ("wave", "bow")[i % 2], limbs=limbs(0.3, 1, 1)) for i in range(20)
    ]
    assert feed(ActionSegmenter(), *flicker) == []


def test_an_action_ends_when_its_class_or_the_movement_is_gone():
    for then in (every(5, 7, "wave", state="idle"), moving(5, 7, "bow")):
        segmenter = ActionSegmenter()
        feed(segmenter, *moving(2, 5, "wave"))
        (end,) = feed(segmenter, *then)[:1]
        assert (end.phase, end.label) == ("end", "wave")
        assert end.t_end == pytest.approx(4.8)  # the last window that showed it
    segmenter = ActionSegmenter()
    feed(segmenter, *moving(2, 5, "wave"))
    assert feed(segmenter, *moving(5, 5.4, "wave", state="unknown"), *moving(5.4, 6, "wave")) == []


@pytest.mark.parametrize("state", ["idle", "unknown"])
def test_every_window_counts_but_idle_and_unknown(state):
    assert feed(ActionSegmenter(EVERY_WINDOW), *every(2, 6, "wave", state=state)) == []
    flicker = [answer(2 + 0.2 * i, ("wave", "bow")[i % 2]) for i in range(20)]
    assert len(feed(ActionSegmenter(EVERY_WINDOW), *flicker)) == 39  # 20 starts, 19 ends


def test_people_act_independently_and_end_when_they_leave():
    segmenter = ActionSegmenter(EVERY_WINDOW)
    feed(segmenter, answer(2.0, "wave", track=1), answer(2.1, "bow", track=2))
    assert segmenter.finish_absent(2.5, max_gap=1.0) == []
    feed(segmenter, answer(3.4, "wave", track=1))
    (gone,) = segmenter.finish_absent(3.5, max_gap=1.0)
    assert (gone.phase, gone.track, gone.label, gone.t_end) == ("end", 2, "bow", 2.1)
    (last,) = segmenter.finish_all()
    assert last.track == 1


def test_joints_that_are_not_seen_do_no_harm():
    lost = acted(RAISE, "wave")
    for one in lost[3:6]:
        one.limbs.places[8:] = np.nan
    assert starts(feed(ActionSegmenter(), *lost)) == [("wave", 3.8)]


@pytest.mark.parametrize(
    "wrong", [{"likely": 1.2}, {"halt": -0.1}, {"gap": -1.0}, {"rest": 0.0}, {"stroke": -1.0}]
)
def test_rules_that_cannot_be_are_refused(wrong):
    with pytest.raises(InputError):
        Rules(**wrong)
