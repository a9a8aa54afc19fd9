import numpy as np

from realtime.frames import Body, BodyFrame
from realtime.tracks import Tracker


def person(x):
    pixels = np.stack([np.full(25, x), np.linspace(0.2, 0.9, 25)], 1).astype(np.float32)
    return Body(np.zeros((25, 3), dtype=np.float32), pixels)


def test_ids_follow_people_whatever_their_order():
    tracker = Tracker()
    ids = []
    for i in range(30):
        people = [person(0.2 + 0.005 * i), person(0.8 - 0.005 * i)]
        tracked = tracker(BodyFrame(tuple(people[:: 1 if i % 2 else -1]), i, i / 30, 0.0)).bodies
        by_side = sorted(tracked, key=lambda body: float(body.pixels[0, 0]))
        ids.append(tuple(body.track for body in by_side))
    assert len(set(ids)) == 1
    assert len(set(ids[0])) == 2


def test_a_newcomer_and_somebody_gone_for_long_get_new_ids():
    tracker = Tracker(max_gap=0.5)
    first = tracker(BodyFrame((person(0.2),), 0, 0.0, 0.0)).bodies[0].track
    both = tracker(BodyFrame((person(0.21), person(0.8)), 1, 0.1, 0.0)).bodies
    assert both[0].track == first != both[1].track
    later = tracker(BodyFrame((person(0.2),), 2, 2.0, 0.0)).bodies[0].track
    assert later not in {first, both[1].track}


def test_an_unseen_body_does_not_break_the_assignment():
    tracker = Tracker()
    nan = Body(np.full((25, 3), np.nan, dtype=np.float32))
    assert tracker(BodyFrame((nan,), 0, 0.0, 0.0)).bodies[0].track == 0
    assert tracker(BodyFrame((), 1, 0.1, 0.0)).bodies == ()
