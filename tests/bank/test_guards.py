"""Guards: what each of them does, and that it can be switched off."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from bank import Guards, History, InputError, PrototypeBank, Revision


def stream(seed, count, classes=6, dimension=48, shift=0.0, spread=1.0):
    generator = torch.Generator().manual_seed(seed)
    fixed = torch.Generator().manual_seed(99)
    directions = F.normalize(torch.randn(classes + 3, dimension, generator=fixed), dim=1)
    gap, moved = F.normalize(torch.randn(2, dimension, generator=fixed), dim=1)
    labels = torch.randint(classes, (count,), generator=generator)
    noise = spread * torch.randn(count, dimension, generator=generator) / dimension**0.5
    features = directions[labels] + 0.8 * gap + shift * moved + noise
    other = torch.randn(60, dimension, generator=generator) / dimension**0.5
    strangers = directions[classes:].repeat(20, 1) + 0.8 * gap + other
    blur = 1.5 * torch.randn(classes, dimension, generator=fixed) / dimension**0.5
    return directions[:classes] - 0.5 * gap + blur, features, labels, strangers


def test_the_gate_ranks_strangers_lower_and_learns_its_scale_without_labels():
    text, features, _, strangers = stream(0, 600)
    bank = PrototypeBank(text, mode="anchored", guards=Guards(unknown=0.1))
    fresh = bank.gate(features[:5])
    assert fresh.known.all()
    assert fresh.score.tolist() == [0.5] * 5
    bank.update(features[:500])
    known, score = bank.gate(features[500:])
    assert score.dtype == torch.float32
    assert (score >= 0).all()
    assert (score <= 1).all()
    strange = bank.gate(strangers).score
    assert (score[:, None] > strange[None]).float().mean() > 0.9
    assert 0.75 < known.float().mean() <= 1.0
    assert bank.gate(strangers).known.float().mean() < 0.5


def test_the_gate_keeps_strangers_out_and_can_be_switched_off():
    text, features, _, strangers = stream(1, 300)
    counts = {}
    for gate in (True, False):
        bank = PrototypeBank(text, mode="anchored", guards=Guards(gate=gate, unknown=0.1))
        bank.update(features)
        before = bank.count
        bank.update(strangers)
        counts[gate] = bank.count - before
    assert counts[False] == len(strangers)
    assert counts[True] < 0.5 * len(strangers)


def test_gate_and_predict_change_nothing(tmp_path):
    text, features, _, _ = stream(2, 200)
    bank = PrototypeBank(text, mode="anchored")
    bank.update(features)
    version, health = bank.version, bank.health
    bank.gate(features)
    bank.predict(features)
    bank.settle(features)
    assert (bank.version, bank.health) == (version, health)
    bank.freeze()
    bank.update(features)
    assert (bank.version, bank.health) == (version, health)


def test_drift_is_seen_and_forgets_faster():
    text, features, _, _ = stream(3, 400)
    _, moved, _, _ = stream(4, 60, shift=4.0)
    support = {}
    for drift in (True, False):
        bank = PrototypeBank(text, mode="anchored", guards=Guards(gate=False, drift=drift))
        bank.update(features)
        still = bank.health.drift
        for row in moved.split(1):
            bank.update(row)
        assert bank.health.drift > 3 * still
        support[drift] = bank.count
    assert support[False] == 460
    assert support[True] < 430


def test_votes_are_alike_where_classes_come_in_blocks():
    text, features, labels, _ = stream(6, 600)
    blocks = features[labels.argsort(stable=True)]
    bank = PrototypeBank(text, mode="anchored")
    assert bank.health.alike == 1.0  # what comes is taken to be alike until it is seen not to be
    bank.update(features)
    assert bank.health.alike < 0.25
    bank = PrototypeBank(text, mode="anchored")
    bank.update(blocks)
    assert bank.health.alike > 0.75
    rows, windows = features.repeat_interleave(3, dim=0), torch.arange(600).repeat_interleave(3)
    bank = PrototypeBank(text, mode="anchored")
    bank.update(rows, windows)  # of one segment, which is one vote
    assert bank.health.alike < 0.25


def test_more_stays_with_the_texts_while_votes_are_alike():
    text, features, labels, _ = stream(6, 300)
    blocks, plain = features[labels.argsort(stable=True)], PrototypeBank(text, mode="text")
    agree = {}
    for variety in (True, False):
        bank = PrototypeBank(text, mode="anchored", guards=Guards(variety=variety, drift=False))
        answers = []
        for row in blocks.split(1):
            answers.append(bank.predict(row).argmax(dim=1))
            bank.update(row)
        agree[variety] = (torch.cat(answers) == plain.settle(blocks)).float().mean()
    assert agree[True] > agree[False]


def collapsed(guards):
    """A bank whose class 0 was shown everything, so that it answers nearly all."""
    text, features, labels, _ = stream(5, 400)
    bank = PrototypeBank(text, mode="anchored", guards=guards)
    for k in range(1, 6):
        bank.enroll(-features[:50], k)
    bank.enroll(features, 0)
    bank.update(features)
    return bank, features, labels


def test_a_collapsed_bank_falls_back_to_text():
    bank, features, _ = collapsed(replace(Guards(), gate=False))
    health = bank.health
    assert health.fallen_back
    assert health.share > 0.6
    assert health.disagreement > 0.5
    text = PrototypeBank(bank.text, mode="text")
    torch.testing.assert_close(bank.predict(features), text.predict(features))
    assert torch.equal(bank.settle(features), text.settle(features))
    without, _, _ = collapsed(replace(Guards(), gate=False, fallback=False))
    assert not without.health.fallen_back
    assert (without.settle(features) == 0).float().mean() > 0.35  # of six classes
    bank.reset()
    assert not bank.health.fallen_back


def test_one_class_for_minutes_is_no_collapse():
    text, features, labels, _ = stream(6, 3000)
    bank = PrototypeBank(text, mode="anchored")
    for row in features[labels == 2].split(1):
        bank.update(row)
    assert bank.health.share > 0.3
    assert not bank.health.fallen_back


def test_the_watch_and_the_gate_are_saved(tmp_path):
    bank, features, _ = collapsed(replace(Guards(), gate=False, memory=None))
    bank.save(tmp_path / "bank.safetensors")
    loaded = PrototypeBank.load(tmp_path / "bank.safetensors", bank.text)
    assert loaded.health == bank.health
    assert loaded.guards == bank.guards
    assert torch.equal(loaded.gate(features).score, bank.gate(features).score)


def test_a_copy_goes_its_own_way():
    text, features, _, _ = stream(7, 200)
    for mode in ("exact", "bounded", "anchored"):
        bank = PrototypeBank(text, mode=mode)
        bank.update(features[:100])
        twin = bank.copy()
        before, health = twin.prototypes, twin.health
        bank.update(features[100:])
        bank.enroll(features[:3], 1)
        assert torch.equal(twin.prototypes, before)
        assert twin.health == health
        twin.update(features[100:])
        twin.enroll(features[:3], 1)
        assert torch.equal(twin.prototypes, bank.prototypes)


def test_version_grows_with_every_change():
    text, features, _, _ = stream(8, 50)
    bank, other = PrototypeBank(text, mode="bounded"), PrototypeBank(text, mode="bounded")
    other.update(features)
    number = bank.snapshot()
    seen = [bank.version]
    for change in (
        lambda: bank.update(features),
        lambda: bank.enroll(features[:2], 1),
        lambda: bank.merge(other),
        lambda: bank.reset(1),
        lambda: bank.restore(number),
    ):
        change()
        seen.append(bank.version)
    assert seen == sorted(set(seen))
    bank.predict(features)
    bank.freeze()
    bank.update(features)
    assert bank.version == seen[-1]


def test_history_tells_every_changed_answer_once():
    text, features, _, _ = stream(9, 300, spread=2.0)
    bank = PrototypeBank(text, mode="anchored")
    history = History(bank, capacity=280)
    said = {}
    for number, row in enumerate(features.split(1)):
        answer = bank.predict(row).argmax(dim=1)
        said[number] = int(answer)
        history.add([number], row, answer)
        bank.update(row)
    assert len(history) == 280
    revisions = history.settle()
    now = bank.settle(features)
    expected = [Revision(i, said[i], int(now[i])) for i in range(20, 300) if said[i] != int(now[i])]
    assert expected
    assert revisions == expected
    assert history.settle() == []
    bank.reset()
    text_says = PrototypeBank(text, mode="text").settle(features)
    assert {r.key: r.after for r in history.settle()} == {
        i: int(text_says[i]) for i in range(20, 300) if text_says[i] != now[i]
    }


def test_history_takes_one_of_each():
    text, features, _, _ = stream(10, 3)
    bank = PrototypeBank(text)
    history = History(bank, 2)
    with pytest.raises(InputError, match="2 keys, 3 features and 3 answers"):
        history.add([1, 2], features, torch.zeros(3))
    with pytest.raises(InputError, match="at least 1"):
        History(bank, 0)
    history.add("abb", features, torch.tensor([0, 1, 2]))
    assert len(history) == 2
