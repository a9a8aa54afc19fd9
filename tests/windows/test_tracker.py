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


def walker(x, size=1.0):
    """Somebody three metres off, in camera space."""
    joints = np.zeros((25, 3), dtype=np.float32)
    joints[:, 0] = x + 0.2 * np.sin(np.arange(25))
    joints[:, 1] = np.linspace(-0.8, 0.8, 25) * size
    joints[:, 2] = 3.0
    return Body(joints)


def follow(tracker, people, fps=25):
    """Track ids by picture, of who is seen (not None), in their order."""
    rows = []
    for index, bodies in enumerate(people):
        seen = tuple(body for body in bodies if body is not None)
        ids = iter(tracker(BodyFrame(seen, index, index / fps, 0.0)).bodies)
        rows.append([None if body is None else next(ids).track for body in bodies])
    return rows


def test_who_is_hidden_while_crossing_keeps_the_id():
    at = np.linspace(-1.2, 1.2, 75)
    people = [(walker(x), None if abs(x) < 0.3 else walker(-x)) for x in at]
    rows = follow(Tracker(), people)
    assert rows[-1] == rows[0]
    assert {row[0] for row in rows} == {rows[0][0]}


def test_who_turns_back_behind_somebody_keeps_the_id():
    at = np.concatenate([np.linspace(-1.0, 0.0, 30), np.zeros(30), np.linspace(0.0, -1.0, 30)])
    people = [(walker(0.0), None if abs(x) < 0.35 else walker(x, 0.85)) for x in at]
    rows = follow(Tracker(), people)
    assert rows[-1] == rows[0]


def test_memory_ends_and_what_was_a_flash_is_forgotten_at_once():
    def seen_again(first, gap):
        frames = [(walker(0.0),)] * first + [()] * gap + [(walker(0.0),)]
        rows = follow(Tracker(max_gap=1.0), frames)
        return rows[0] == rows[-1]

    assert seen_again(10, 20)
    assert not seen_again(10, 30)
    assert not seen_again(1, 10)


def test_ids_do_not_depend_on_the_rate():
    for fps in (4, 10, 60):
        at = np.linspace(-1.2, 1.2, 3 * fps)
        rows = follow(Tracker(), [(walker(x), walker(-x, 0.8)) for x in at], fps)
        assert rows[-1] == rows[0], fps


def crossing_slowly():
    """Two of one size; while they are on each other one pose is seen, that slides between them."""
    at = np.linspace(-1.0, 1.0, 150)
    people = []
    for x in at:
        if abs(x) > 0.2:
            people.append((walker(x), walker(-x)))
            continue
        slide = np.clip((x + 0.2) / 0.4, 0, 1)  # from the second person, who is right, to the first
        people.append((None, walker((1 - slide) * -x + slide * x)))
    return people


def test_a_pose_that_slides_from_one_to_the_other_does_not_take_the_id_along():
    for fps in (10, 25):
        rows = follow(Tracker(), crossing_slowly()[:: 25 // fps], fps)
        assert rows[-1] == rows[0], fps
        assert {row[0] for row in rows[-20:]} == {rows[0][0]}


def test_who_waits_while_another_comes_and_goes_keeps_the_id():
    """Here keeping the heading would be wrong, and sizes tell."""
    at = np.concatenate([np.linspace(-1.2, 0.0, 40), np.zeros(20), np.linspace(0.0, -1.2, 40)])
    people = [(walker(0.05), None if abs(x) < 0.3 else walker(x, 0.8)) for x in at]
    rows = follow(Tracker(), people)
    assert rows[-1] == rows[0]
