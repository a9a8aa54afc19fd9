"""Swaps of place, ghosts, and who comes first."""

import numpy as np
from numpy.typing import NDArray

from train.skeletons.bodies import motion_energy, motion_order
from train.skeletons.preprocess import Preprocessing

TIMES = np.arange(90) / 30


def person(place: float, swing: float, *, flat: bool = False) -> NDArray[np.float32]:
    """(T, 25, 3) somebody at ``place`` metres to the side who swings with that amplitude."""
    size = [1.0, 0.1, 0.3] if flat else [0.25, 0.6, 0.1]
    pose = np.random.default_rng(int(place * 10)).uniform(-1, 1, (25, 3)) * size
    motion = swing * np.sin(4 * TIMES)[:, None, None] * np.ones((25, 3))
    return (pose + motion + [place, 0, 3]).astype(np.float32)


def test_who_moves_most_comes_first() -> None:
    still, busy = person(0, 0.01), person(2, 0.3)
    ordered = motion_order(np.stack([still, busy], axis=1), TIMES)
    np.testing.assert_array_equal(ordered, np.stack([busy, still], axis=1))
    assert motion_energy(ordered)[0] > 100 * motion_energy(ordered)[1] > 0


def test_people_are_followed_through_swaps_of_place() -> None:
    a, b = person(0, 0.3), person(1.2, 0.1)
    straight = np.stack([a, b], axis=1)
    swapped = straight.copy()
    for part in (slice(10, 25), slice(40, 41), slice(60, 90)):
        swapped[part] = swapped[part, ::-1]
    np.testing.assert_array_equal(motion_order(swapped, TIMES), straight)


def test_a_swap_behind_an_absence_is_followed_too() -> None:
    a, b = person(0, 0.3), person(1.2, 0.1)
    straight = np.stack([a, b], axis=1)
    straight[30:45, 0] = np.nan  # who moves most is away; the other slides into their slot
    seen = straight.copy()
    seen[30:45] = seen[30:45, ::-1]
    np.testing.assert_array_equal(motion_order(seen, TIMES), straight)


def test_ghosts_are_dropped_but_never_everybody() -> None:
    real, chair = person(0, 0.05), person(2, 0.6, flat=True)
    flicker = np.full_like(real, np.nan)
    flicker[:5] = person(3, 0.9)[:5]
    ordered = motion_order(np.stack([chair, flicker, real], axis=1), TIMES)
    np.testing.assert_array_equal(ordered[:, 0], real)
    assert np.isnan(ordered[:, 1:]).all()
    alone = motion_order(chair[:, None], TIMES)
    np.testing.assert_array_equal(alone[:, 0], chair)


def test_the_option_orders_prepared_bodies_and_file_order_is_the_default() -> None:
    clip = np.stack([person(0, 0.01), person(2, 0.3)], axis=1), TIMES
    other = clip[0][:, ::-1].copy(), TIMES
    plain, by_motion = Preprocessing(), Preprocessing(order_bodies="motion")
    np.testing.assert_allclose(by_motion([clip]).x, plain([other]).x, atol=1e-6)
    np.testing.assert_allclose(by_motion([clip]).x, by_motion([other]).x, atol=1e-6)
    assert np.abs(plain([clip]).x - plain([other]).x).max() > 0.1
