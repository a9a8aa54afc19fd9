import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bank import InputError, PrototypeBank, align_two_pass


def features_of(seed, count, dimension, duplicates):
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(count, dimension, generator=generator)
    if duplicates and count:
        features[torch.randint(count, (count // 2,), generator=generator)] = features[0].clone()
        features[count // 2 :] *= 3.0
    return features


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(0, 60),
    classes=st.integers(1, 8),
    alpha=st.one_of(st.sampled_from([0.0, 0.1, 0.29, 0.5, 0.9, 1.0]), st.floats(0, 1)),
    duplicates=st.booleans(),
    cuts=st.lists(st.integers(0, 60), max_size=6),
)
def test_exact_mode_equals_two_passes(seed, count, classes, alpha, duplicates, cuts):
    features = features_of(seed, count, 6, duplicates)
    text = torch.randn(classes, 6, generator=torch.Generator().manual_seed(seed + 1))
    expected = align_two_pass(features, text, alpha=alpha)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed + 2))
    bank = PrototypeBank(text, alpha=alpha)
    for batch in torch.tensor_split(features[order], sorted(min(c, count) for c in cuts)):
        bank.predict(batch)
        bank.update(batch)
    torch.testing.assert_close(bank.prototypes, expected.prototypes, atol=1e-5, rtol=0)
    assert torch.equal(bank.support, expected.support)
    assert torch.equal(bank.kept, expected.kept)
    assert bank.count == count


@pytest.fixture
def streams():
    torch.manual_seed(0)
    return torch.randn(5, 12), torch.randn(80, 12), torch.randn(60, 12)


def test_predict_changes_nothing_and_update_does(streams):
    text, features, _ = streams
    bank = PrototypeBank(text)
    scores = bank.predict(features)
    torch.testing.assert_close(scores, bank.predict(features))
    torch.testing.assert_close(bank.prototypes, bank.text)
    bank.update(features)
    assert not torch.allclose(scores, bank.predict(features))
    predictions = align_two_pass(features, text).predictions
    assert torch.equal(bank.settle(features), predictions)


def test_predictions_follow_the_prototypes_whatever_moved_them(streams):
    text, one, two = streams
    bank, other = PrototypeBank(text), PrototypeBank(text)
    other.update(two)
    version = bank.snapshot()
    for move in (
        lambda: bank.update(one),
        lambda: bank.enroll(two[:2], 1),
        lambda: bank.merge(other),
        lambda: bank.reset(2),
        lambda: bank.restore(version),
        lambda: bank.update(two[:20]),
        lambda: bank.reset(),
    ):
        before = bank.prototypes
        move()
        assert not torch.equal(bank.prototypes, before)
        expected = torch.cosine_similarity(one[:, None], bank.prototypes[None], dim=2)
        torch.testing.assert_close(bank.predict(one), expected, atol=1e-6, rtol=0)


def test_text_mode_learns_nothing(streams):
    text, features, _ = streams
    bank = PrototypeBank(text, mode="text")
    bank.update(features)
    torch.testing.assert_close(bank.prototypes, bank.text)
    assert torch.equal(bank.settle(features), align_two_pass(features, text).pseudo_labels)
    assert bank.count == 0
    with pytest.raises(InputError, match="text mode takes no exemplars"):
        bank.enroll(features, 0)
    with pytest.raises(InputError, match="mode is one of exact, bounded, anchored, text"):
        PrototypeBank(text, mode="clever")


def test_merging_equals_having_seen_both(streams, tmp_path):
    text, one, two = streams
    left, right, both = (PrototypeBank(text, alpha=0.7) for _ in range(3))
    left.update(one)
    right.update(two)
    right.enroll(one[:2], 3)
    both.update(torch.cat([two, one]))
    both.enroll(one[:2], 3)
    left.merge(right)
    torch.testing.assert_close(left.prototypes, both.prototypes, atol=1e-5, rtol=0)
    left.save(tmp_path / "bank.safetensors")
    loaded = PrototypeBank.load(tmp_path / "bank.safetensors", text)
    torch.testing.assert_close(loaded.prototypes, both.prototypes, atol=1e-5, rtol=0)
    loaded.update(one[:5] + 0.1)  # goes on learning
    both.update(one[:5] + 0.1)
    torch.testing.assert_close(loaded.prototypes, both.prototypes, atol=1e-5, rtol=0)


def test_merging_with_itself_counts_everything_twice(streams):
    text, one, _ = streams
    bank, twice = PrototypeBank(text, alpha=0.7), PrototypeBank(text, alpha=0.7)
    bank.update(one)
    bank.enroll(one[:2], 3)
    twice.update(torch.cat([one, one]))
    twice.enroll(one[:2].repeat(2, 1), 3)
    bank.merge(bank)
    assert torch.equal(bank.prototypes, twice.prototypes)
    assert bank.count == 2 * (len(one) + 2)


def test_merging_leaves_the_other_bank_alone(streams):
    text, one, two = streams
    left, right = PrototypeBank(text), PrototypeBank(text)
    right.update(one)
    before = right.prototypes
    left.merge(right)
    left.update(two)
    left.reset(0)
    assert torch.equal(right.prototypes, before)
    assert right.count == len(one)


@pytest.mark.parametrize(("alpha", "mode"), [(0.5, "exact"), (0.9, "text")])
def test_banks_of_other_options_do_not_merge(streams, alpha, mode):
    text, features, _ = streams
    bank, other = PrototypeBank(text), PrototypeBank(text, alpha=alpha, mode=mode)
    other.update(features)
    with pytest.raises(InputError, match=f"alpha {alpha} in {mode} mode"):
        bank.merge(other)
    assert bank.count == 0


def test_exemplars_are_never_filtered(streams):
    text, features, _ = streams
    bank = PrototypeBank(text, alpha=0.0)
    bank.update(features)
    bank.enroll(features[:3], 2)
    mean = torch.nn.functional.normalize(features[:3], dim=1).mean(0)
    torch.testing.assert_close(bank.prototypes[2], mean)
    torch.testing.assert_close(bank.prototypes[1], bank.text[1])


def test_exemplars_and_pseudo_labelled_samples_have_one_vote_each(streams):
    text, features, _ = streams
    result = align_two_pass(features, text, alpha=0.5)
    bank = PrototypeBank(text, alpha=0.5)
    bank.enroll(features[:3] * 7.0, 2)
    bank.update(features)
    shown = torch.nn.functional.normalize(features[:3], dim=1).sum(0)
    kept = int(result.kept[2])
    torch.testing.assert_close(
        bank.prototypes[2], (result.prototypes[2] * kept + shown) / (kept + 3), atol=1e-6, rtol=0
    )
    assert bank.enrolled.tolist() == [0, 0, 3, 0, 0]
    assert torch.equal(bank.kept - bank.enrolled, result.kept)
    assert torch.equal(bank.support - bank.enrolled, result.support)


def test_snapshot_restore_reset_and_freeze(streams):
    text, one, two = streams
    bank = PrototypeBank(text)
    bank.update(one)
    before, version = bank.prototypes, bank.snapshot()
    bank.update(two)
    assert not torch.allclose(bank.prototypes, before)
    bank.restore(version)
    torch.testing.assert_close(bank.prototypes, before)
    bank.freeze()
    bank.update(two)
    torch.testing.assert_close(bank.prototypes, before)
    bank.enroll(two[:1], 4)  # asked for by name
    assert bank.enrolled[4] == 1
    bank.restore(version)
    bank.unfreeze()
    bank.reset(1)
    torch.testing.assert_close(bank.prototypes[1], bank.text[1])
    torch.testing.assert_close(bank.prototypes[0], before[0])
    bank.reset()
    torch.testing.assert_close(bank.prototypes, bank.text)
    with pytest.raises(InputError, match="no snapshot 7"):
        bank.restore(7)


def test_a_snapshot_can_be_restored_again_and_again(streams):
    text, one, two = streams
    bank = PrototypeBank(text)
    empty = bank.snapshot()
    bank.update(one)
    first = bank.snapshot()
    expected = bank.prototypes
    for _ in range(2):
        bank.restore(first)
        bank.update(two)
        bank.reset(0)
    bank.restore(first)
    assert torch.equal(bank.prototypes, expected)
    bank.update(two)
    assert torch.equal(bank.prototypes, align_two_pass(torch.cat([one, two]), text).prototypes)
    bank.restore(empty)
    assert bank.count == 0
    for _ in range(16):
        latest = bank.snapshot()
    bank.restore(latest)
    with pytest.raises(InputError, match="no snapshot 1; versions kept: 2, 3"):
        bank.restore(first)


def test_a_bad_batch_changes_nothing(streams):
    text, features, _ = streams
    bank = PrototypeBank(text)
    bad = features.clone()
    bad[-1, 3] = torch.inf
    with pytest.raises(InputError, match="not finite"):
        bank.update(bad)
    assert bank.support.sum() == 0
    with pytest.raises(InputError, match=r"shape \(80, 4\)"):
        bank.predict(features[:, :4])
    with pytest.raises(InputError, match="no class 9"):
        bank.enroll(features, 9)


def test_states_of_other_texts_are_refused_by_name(streams, tmp_path):
    text, features, _ = streams
    bank = PrototypeBank(text)
    bank.update(features)
    path = tmp_path / "bank.safetensors"
    bank.save(path)
    with pytest.raises(InputError, match="other class texts"):
        PrototypeBank.load(path, text.flip(0))
    with pytest.raises(InputError, match="5 classes in 12 dimensions, but the texts are 4 in 12"):
        PrototypeBank.load(path, text[:4])
    with pytest.raises(InputError, match="other class texts"):
        bank.merge(PrototypeBank(text.flip(0)))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="damaged"):
        PrototypeBank.load(path)
