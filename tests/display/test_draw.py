"""The drawn picture, looked at pixel by pixel."""

from dataclasses import dataclass

import numpy as np
import pytest
from display_views import CLASSES, in_picture, standing, view
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.display import draw
from realtime.display.palette import ALARM, CANVAS, GROUND, class_colours, mix, person_colour
from realtime.display.shapes import Rect, elided, put_text, text_width
from realtime.display.spans import spans
from realtime.frames import Body
from train.skeletons.joints import INDEX, MIRROR

# Panels at 640 x 360.
PEOPLE = Rect(6, 6, 398, 284)
ANSWERS = Rect(410, 48, 224, 75)
BANK = Rect(410, 129, 224, 161)
TIMELINE = Rect(6, 296, 628, 58)
KEYS_HEIGHT = 22  # of the line about keys at the bottom of the people


@dataclass(frozen=True)
class Health:
    fallen_back: bool = False
    share: float = 0.4
    closeness: float = 0.8
    disagreement: float = 0.2
    drift: float = 0.1
    unknown: float = 0.05


def near(image, colour, tolerance=3):
    """Where an image has a colour."""
    return (np.abs(image.astype(int) - colour) <= tolerance).all(axis=2)


def columns_of(mask):
    return np.flatnonzero(mask.any(axis=0))


def drawn(people):
    """Where somebody is drawn in the dark panel of people, the tag apart."""
    mask = ~near(people, CANVAS, 20) & ~near(people, person_colour(0))
    mask[-KEYS_HEIGHT:] = False
    return mask


@pytest.mark.parametrize("size", [(640, 360), (960, 540), (1920, 1080), (1000, 700)])
def test_the_picture_has_the_size_asked_for(size):
    image = draw(view(standing()), size)
    assert image.shape == (size[1], size[0], 3)
    assert image.dtype == np.uint8


def test_less_than_can_be_read_is_not_drawn():
    assert draw(view(), (100, 50)).shape == (360, 640, 3)


def test_people_are_drawn_in_their_colours_and_nobody_in_none():
    empty = PEOPLE.cut(draw(view()))
    assert not near(empty, person_colour(0)).any()
    two = PEOPLE.cut(draw(view(standing(0, x=-0.6), standing(4, x=0.6))))
    first, second = columns_of(near(two, person_colour(0))), columns_of(near(two, person_colour(4)))
    assert len(first)
    assert len(second)
    assert first.min() > second.max()  # x grows to the left of the picture, as a camera sees it


def test_joints_lie_where_the_picture_shows_them():
    photo = np.full((1080, 1080, 3), (40, 160, 40), np.uint8)
    body = in_picture(0, centre=(0.3, 0.6), height=0.5)
    image = PEOPLE.cut(draw(view(body, image=photo)))
    side = PEOPLE.height
    left = (PEOPLE.width - side) // 2
    assert near(
        image[10:-KEYS_HEIGHT, left + 2 : left + 4], (40, 160, 40)
    ).all()  # the photo, letterboxed
    assert not near(image[10:-10, : left - 2], (40, 160, 40)).any()
    for name in ("KneeLeft", "ElbowRight", "SpineMid"):
        x, y = body.pixels[INDEX[name]] * side
        spot = image[round(y) - 2 : round(y) + 3, left + round(x) - 2 : left + round(x) + 3]
        assert spot.min(axis=2).max() > 200, name  # a white dot


def test_a_replay_keeps_the_shape_of_the_picture_it_was_recorded_from():
    body = in_picture(0, centre=(0.5, 0.5), height=0.9, aspect=4 / 3)
    wide = drawn(PEOPLE.cut(draw(view(body, aspect=4 / 3, top={}))))
    narrow = drawn(PEOPLE.cut(draw(view(body, aspect=1 / 3, top={}))))
    assert np.ptp(columns_of(wide)) > 2 * np.ptp(columns_of(narrow))
    # Without knowing it, proportions come from space, whatever the pixels say.
    body = Body(body.joints, pixels=body.pixels * np.float32((0.1, 1.0)))
    spatial = drawn(PEOPLE.cut(draw(view(body))))
    assert np.ptp(columns_of(spatial)) > np.ptp(columns_of(spatial.T)) / 3


def test_left_and_right_are_told_apart():
    image = PEOPLE.cut(draw(view(standing())))
    lighter = columns_of(near(image, mix(person_colour(0), (246, 243, 240), 0.45)))
    darker = columns_of(near(image, mix(person_colour(0), (0, 0, 0), 0.28)))
    middle = PEOPLE.width / 2
    assert len(lighter)
    assert len(darker)
    assert np.median(lighter) > middle > np.median(darker)  # they face us
    turned = standing()
    turned = Body(turned.joints * np.float32((-1, 1, -1)), track=0)  # seen from behind
    lighter = columns_of(
        near(PEOPLE.cut(draw(view(turned))), mix(person_colour(0), (246, 243, 240), 0.45))
    )
    assert np.median(lighter) < middle
    assert MIRROR[INDEX["HandLeft"]] == INDEX["HandRight"]


@pytest.mark.parametrize("probability", [0.0, 0.25, 0.5, 1.0])
def test_bars_are_as_long_as_answers_are_probable(probability):
    top = {0: (("bow", probability),)}
    image = ANSWERS.cut(draw(view(standing(), top=top, support=dict.fromkeys(CLASSES, 0))))
    length = near(image, class_colours(CLASSES)["bow"]).sum(axis=1).max()
    text_room = text_width("bow 100%", 12, 600)
    full = ANSWERS.width - 16
    assert length <= round(full * probability)
    assert length >= round(full * probability) - text_room - 4
    assert (length > 0) == (probability > 0)


def test_the_bank_shows_support_in_proportion():
    image = BANK.cut(draw(view(standing(), support={"wave": 8, "bow": 4, "clap": 0})))
    colours = class_colours(("wave", "bow", "clap"))
    wave, bow, clap = (len(columns_of(near(image, colours[c]))) for c in colours)
    assert wave == pytest.approx(2 * bow, abs=3)
    assert wave > 30
    assert clap == 0


def test_the_classes_with_most_support_are_shown_where_there_is_no_room_for_all():
    many = {f"class {i}": i for i in range(60)}
    image = BANK.cut(draw(view(standing(), support=many)))
    colours = class_colours(many)
    assert near(image, colours["class 59"]).any()
    quiet = BANK.cut(draw(view(standing(), support=dict.fromkeys(many, 0))))
    assert not near(quiet, colours["class 59"]).any()


def test_the_timeline_puts_actions_where_they_happened():
    actions = (("wave", 85.0, 90.0), ("bow", 95.0, None), ("clap", 10.0, 20.0))
    image = TIMELINE.cut(draw(view(timeline=actions, time=100.0)))
    colours = class_colours(CLASSES)
    second = (TIMELINE.width - 16) / 20
    wave = columns_of(near(image, mix(colours["wave"], (34, 27, 22), 0.35)))
    assert wave.min() == pytest.approx(8 + 5 * second, abs=3)
    assert wave.max() == pytest.approx(8 + 10 * second, abs=3)
    bow = columns_of(near(image, colours["bow"]))
    assert bow.min() == pytest.approx(8 + 15 * second, abs=3)
    assert bow.max() == pytest.approx(8 + 20 * second, abs=3)  # it lasts
    assert not near(image, mix(colours["clap"], (34, 27, 22), 0.35)).any()  # long ago


def test_actions_at_the_same_time_get_lanes_of_their_own():
    actions = [("a", 90, 95), ("b", 92, 97), ("c", 95, None), ("d", 96, None), ("e", 97, None)]
    lanes = {span.label: span.lane for span in spans(view(timeline=actions))}
    assert lanes == {"a": 0, "b": 1, "c": 0, "d": 2, "e": 1}


def gaps_of(image):
    """Everything between the panels, but for one pixel of their smoothed edges."""
    mask = np.ones(image.shape[:2], bool)
    header = Rect(410, 6, 224, 36)
    side = Rect(410, 48, 224, 242)
    for rect in (PEOPLE, header, side, TIMELINE):
        rect.inset(-1).cut(mask)[:] = False
    return image[mask]


LONG = "point with the whole left arm at something very far away behind the mountains " * 3
LABELS = (LONG, "挥手", "кивок", "Übung", "a\tb\nc\x00d", "🙂", "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW")


def test_nothing_runs_over_the_edge_of_its_panel():
    top = {t: tuple((label, 0.9 - 0.1 * i) for i, label in enumerate(LABELS)) for t in (0, 1234567)}
    shown = view(
        standing(0, x=-0.5),
        standing(1234567, x=0.5),
        top=top,
        support=dict.fromkeys(LABELS, 10**9),
        timeline=[(label, 80 + 2 * i, 81 + 2 * i) for i, label in enumerate(LABELS)] * 4,
        fps=123456.7,
        latency_ms=1e7,
        status=LONG,
    )
    image = draw(shown)
    assert near(gaps_of(image)[None], GROUND).all()


@pytest.mark.parametrize("label", LABELS)
def test_labels_of_every_script_leave_ink(label):
    def ink(text):
        image = np.zeros((30, 400, 3), np.uint8)
        put_text(image, elided(text, 12, 390), (2, 15), 12, (255, 255, 255))
        return image.astype(int).sum()

    assert ink(label) > 0
    assert ink("") == 0


def test_other_scripts_are_letters_not_boxes():
    def drawn(text):
        image = np.zeros((40, 40, 3), np.uint8)
        put_text(image, text, (2, 20), 24, (255, 255, 255))
        return image

    images = [drawn(character) for character in "挥手кЖüß"]
    for i, a in enumerate(images):
        assert all(not np.array_equal(a, b) for b in images[i + 1 :])


@given(st.text(max_size=60), st.integers(0, 200))
@settings(deadline=None)
def test_elided_texts_fit(text, width):
    short = elided(text, 12, width)
    assert text_width(short, 12) <= max(width, 0)
    if text_width(" ".join(text.split()), 12) <= width:
        assert short == " ".join(text.split())


def test_tags_do_not_cover_each_other():
    crowd = [standing(track, x=0.02 * track) for track in range(4)]
    image = PEOPLE.cut(draw(view(*crowd)))
    pills = [near(image, person_colour(track)).sum() for track in range(4)]
    assert min(pills) > 150  # every tag's ground is seen, though the bodies lie on each other


NOT_A_NUMBER = np.full((25, 3), np.nan, np.float32)


@pytest.mark.parametrize(
    "body",
    [
        Body(NOT_A_NUMBER),
        Body(NOT_A_NUMBER, pixels=NOT_A_NUMBER[:, :2]),
        Body(np.full((25, 3), 1e30, np.float32)),
        Body(standing().joints, pixels=np.full((25, 2), 1e20, np.float32)),
        Body(standing().joints, pixels=np.full((25, 2), -3.0, np.float32), track=5),
        Body(np.where(np.arange(25)[:, None] % 2, np.nan, standing().joints), track=-1),
    ],
)
@pytest.mark.parametrize("aspect", [None, 0.01, 16 / 9, 100.0])
def test_bodies_half_seen_or_far_away_do_no_harm(body, aspect):
    shown = view(body, standing(1), aspect=aspect)
    with np.errstate(all="raise", under="ignore"):
        image = draw(shown)
    assert near(gaps_of(image)[None], GROUND).all()


def test_many_people_share_the_column():
    crowd = [standing(track, x=0.3 * track) for track in range(12)]
    image = draw(view(*crowd))
    assert near(gaps_of(image)[None], GROUND).all()
    assert near(ANSWERS.cut(image), class_colours(CLASSES)["wave"]).any()


def test_drawing_leaves_the_picture_alone():
    photo = np.full((90, 160, 3), 7, np.uint8)
    draw(view(in_picture(), image=photo))
    assert (photo == 7).all()


def test_a_source_that_is_gone_raises_an_alarm():
    assert not near(PEOPLE.cut(draw(view(standing()))), ALARM).any()
    gone = PEOPLE.cut(draw(view(standing(), source_state="reconnecting (3)")))
    assert near(gone, ALARM).sum() > 500


def test_who_does_nothing_known_has_dimmed_answers():
    colour = class_colours(CLASSES)["wave"]
    doing = ANSWERS.cut(draw(view(standing())))
    idle = ANSWERS.cut(draw(view(standing(), states={0: "idle"})))
    unknown = ANSWERS.cut(draw(view(standing(), states={0: "unknown"})))
    assert near(doing, colour).any()
    assert not near(idle, colour).any()
    assert not np.array_equal(idle, unknown)


def test_a_bank_that_needs_attention_shows_it():
    well = BANK.cut(draw(view(standing(), health=Health())))
    assert not near(well, ALARM, 60).any()
    fallen = Health(fallen_back=True)
    assert near(BANK.cut(draw(view(standing(), health=fallen))), ALARM, 60).any()
    assert near(BANK.cut(draw(view(standing(), frozen=True))), ALARM, 60).any()
    drifting = BANK.cut(draw(view(standing(), health=Health(drift=0.9))))
    assert not np.array_equal(well, drifting)


def test_the_prompt_takes_the_place_of_the_keys():
    keys = PEOPLE.cut(draw(view(standing())))[-KEYS_HEIGHT:]
    prompt = PEOPLE.cut(draw(view(standing(), prompt="saved bank.safetensors")))[-KEYS_HEIGHT:]
    assert keys.max() > 100
    assert not np.array_equal(keys, prompt)


def test_of_several_people_the_timeline_says_whose_an_action_is():
    one = [("wave", 85.0, 90.0, 3), ("bow", 95.0, None, 3)]
    assert [span.name for span in spans(view(timeline=one))] == ["wave", "bow"]
    two = [("wave", 85.0, 90.0, 3), ("bow", 86.0, None, 5)]
    assert [span.name for span in spans(view(timeline=two))] == ["#3 wave", "#5 bow"]
    image = TIMELINE.cut(draw(view(timeline=two)))
    for track in (3, 5):
        assert near(image, person_colour(track)).any()
    plain = TIMELINE.cut(draw(view(timeline=one)))
    assert not near(plain, person_colour(3)).any()


def test_two_in_one_window_are_both_named():
    people = standing(0, x=-0.5), standing(1, x=0.5)
    chips = [
        near(draw(view(*people, partners=partners)), person_colour(0))[:, 410:].sum()
        for partners in ({}, {0: 1})
    ]
    assert chips[1] > 1.5 * chips[0] > 0


def test_with_three_people_the_bank_still_shows_what_it_holds():
    people = [standing(track, x=track - 1.0) for track in range(3)]
    some = Health(drift=0.17, unknown=0.0, disagreement=0.14, fallen_back=False)
    shown = view(*people, support={**dict.fromkeys(CLASSES, 0), "clap": 21}, health=some)
    bank = draw(shown)[230:290, 410:634]
    assert near(bank, class_colours(CLASSES)["clap"]).sum() > 50
