"""What stands between stages: bounds, policies, ends."""

import threading
import time

import pytest

from bank.errors import InputError
from realtime.pipeline import BoundedQueue


def test_wait_holds_the_giver_up_and_loses_nothing():
    queue = BoundedQueue(2, "wait")
    given = []

    def give():
        for number in range(200):
            assert queue.put(number)
            given.append(number)
        queue.close()

    giver = threading.Thread(target=give)
    giver.start()
    time.sleep(0.05)
    assert len(given) == queue.depth == 2
    assert [item for item in queue if item is not None] == list(range(200))
    giver.join()
    assert queue.dropped == 0


def test_drop_oldest_never_waits_and_counts():
    queue = BoundedQueue(3, "drop-oldest")
    for number in range(10):
        assert queue.put(number)
    queue.close()
    assert list(queue) == [7, 8, 9]
    assert queue.dropped == 7


def test_a_closed_queue_takes_nothing_and_frees_who_waits():
    queue = BoundedQueue(1, "wait")
    queue.put(1)
    answers = []
    giver = threading.Thread(target=lambda: answers.append(queue.put(2)))
    giver.start()
    time.sleep(0.05)
    assert answers == []
    queue.close()
    giver.join(timeout=5)
    assert answers == [False]
    assert list(queue) == [1]


def test_a_reader_is_told_that_nothing_came():
    queue = BoundedQueue(1, "wait")
    assert next(iter(queue)) is None
    assert not queue.over


@pytest.mark.parametrize(("size", "policy"), [(0, "wait"), (1, "drop-newest")])
def test_nonsense_is_refused(size, policy):
    with pytest.raises(InputError):
        BoundedQueue(size, policy)
