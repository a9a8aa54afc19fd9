import pytest

from train.evaluation.events import EventFigures, Moment, compare, match


def at(label, *times):
    return [Moment(time, label) for time in times]


def test_near_events_of_the_right_label_match_once():
    tags = at("bow", 3.0, 6.0, 9.0)
    events = sorted(at("bow", 3.4, 3.45, 6.6) + at("kick", 9.0))
    got = compare(events, tags, (0.0, 12.0))
    assert (got.tags, got.events, got.matched, got.moments) == (3, 4, 1, 2)
    assert (got.precision, got.recall) == (1 / 4, 1 / 3)
    assert got.f1 == pytest.approx(2 / 7)
    assert (got.wrong, got.displaced, got.silent) == (1, 1, 0)


def test_as_many_pairs_as_can_be():
    # Taking the nearest first would give 3.4 to 3.3 and leave one tag and one event alone.
    assert match(at("bow", 3.4, 3.7), at("bow", 3.0, 3.3), 0.5) == {0: 0, 1: 1}


def test_the_tolerance_is_sharp_and_holds_both_ways():
    tags = at("bow", 3.0)
    for time, matched in ((2.4, 0), (2.5, 1), (3.5, 1), (3.6, 0)):
        assert compare(at("bow", time), tags, (0.0, 6.0)).matched == matched


def test_delays_reach_beyond_the_tolerance():
    got = compare(at("bow", 3.2, 7.0), at("bow", 3.0, 6.0), (0.0, 9.0))
    assert got.delays == pytest.approx((0.2, 1.0))
    assert got.delay(0.5) == pytest.approx(0.6)
    assert compare([], at("bow", 3.0), (0.0, 9.0)).delay(0.5) is None


def test_alarms_are_counted_in_pauses_only():
    # The gestures take 1.5 to 3.8 and 8.5 to 10.8; the pauses are 1.5, 4.7 and 1.2 seconds.
    got = compare(at("kick", 1.0, 3.0, 5.0, 11.0), at("bow", 3.0, 10.0), (0.0, 12.0))
    assert got.alarms == 3
    assert got.pause == pytest.approx(1.5 + 4.7 + 1.2)
    assert got.alarms_a_minute == pytest.approx(60 * 3 / 7.4)


def test_what_was_not_listened_to_does_not_count():
    assert compare([], at("bow", 1.0, 5.0), (2.0, 4.0)).tags == 0


def test_figures_of_recordings_add_up():
    one = compare(at("bow", 3.2), at("bow", 3.0), (0.0, 6.0))
    two = compare(at("bow", 9.0), at("bow", 3.0), (0.0, 12.0))
    both = one + two
    assert (both.tags, both.events, both.matched, len(both.delays)) == (2, 2, 1, 1)
    assert both.f1 == pytest.approx(0.5)
    assert EventFigures().f1 == EventFigures().precision == EventFigures().alarms_a_minute == 0.0
