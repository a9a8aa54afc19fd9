"""A stage passes over what fails, mends what keeps failing, and never dies in silence."""

from realtime.pipeline import BoundedQueue, Stage, StageError


def run(stage):
    stage.start()
    stage.join(timeout=10)
    assert not stage.is_alive()


def failing_on(*numbers):
    def work(item):
        if item in numbers:
            raise RuntimeError(f"cannot do {item}")
        return item

    return work


def test_a_failing_item_is_counted_and_left_out():
    out = BoundedQueue(100, "wait")
    stage = Stage("pose", range(10), failing_on(3, 7), out, patient=True)
    run(stage)
    assert list(out) == [0, 1, 2, 4, 5, 6, 8, 9]
    assert (stage.failed, stage.failure) == (2, None)
    assert stage.trouble == "pose: RuntimeError: cannot do 7"


def test_an_impatient_stage_ends_with_its_reason_and_lets_its_neighbours_go():
    inbox, out = BoundedQueue(100, "wait"), BoundedQueue(100, "wait")
    for number in range(10):
        inbox.put(number)
    ended = []
    stage = Stage("publish", inbox, failing_on(3), out, ended=ended.append)
    run(stage)
    assert isinstance(stage.failure, StageError)
    assert str(stage.failure) == "publish: RuntimeError: cannot do 3"
    assert inbox.put(11) is False
    assert list(out) == [0, 1, 2]
    assert ended == [stage]


def test_what_keeps_failing_is_built_anew_and_given_up_in_the_end():
    out = BoundedQueue(100, "wait")
    repairs = []
    stage = Stage(
        "pose", range(100), failing_on(*range(50)), out, patient=True,
        repair=lambda: repairs.append(stage.failed),
    )  # fmt: skip
    run(stage)
    assert repairs == [5, 10, 15]
    assert stage.failed == 20
    assert "pose failed on 20 frames in a row (pose: RuntimeError: cannot do 19)" in str(
        stage.failure
    )


def test_a_success_between_failures_begins_the_count_anew():
    out = BoundedQueue(100, "wait")
    failing = [n for n in range(60) if n % 6 != 5]
    stage = Stage("pose", range(60), failing_on(*failing), out, patient=True, repair=lambda: None)
    run(stage)
    assert stage.failure is None
    assert stage.restarts == 10
    assert list(out) == [5, 11, 17, 23, 29, 35, 41, 47, 53, 59]


def test_a_stage_whose_reader_has_gone_ends():
    out = BoundedQueue(100, "wait")
    out.close()
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield len(taken)

    run(Stage("capture", endless(), lambda item: item, out))
    assert len(taken) == 1


def test_the_last_words_are_said_after_a_failure_too():
    out = BoundedQueue(100, "wait")
    run(Stage("recognise", range(5), failing_on(2), out, finish=lambda: "end"))
    assert list(out) == [0, 1, "end"]
