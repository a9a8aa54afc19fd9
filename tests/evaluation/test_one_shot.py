"""One labelled clip a class, on features and on a whole store."""

import json
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from typer.testing import CliRunner

from apps.bench import app
from bank import align_two_pass
from bank.errors import InputError
from train.data.protocols import load_fold, published_labels
from train.data.readers import ClipSource
from train.data.readers.published import training_subjects
from train.data.store import Store, build_store
from train.encoders import make_encoder
from train.evaluation.fold_features import fold_features
from train.evaluation.one_shot import one_shot, one_shot_predictions
from train.evaluation.paper import reported
from train.evaluation.recorded import recorded
from train.evaluation.zero_shot import zero_shot
from train.model import CheckpointInfo, SkeletonModel, load_checkpoint, save_checkpoint
from train.skeletons.clip import Clip
from train.skeletons.preprocess import Preprocessing
from train.text.encoder import OFFLINE_DEFAULT

FOLD = "one-shot-pku/1"
UNSEEN = sorted(load_fold(FOLD).unseen)


class MadeUpPKU:
    """Two clips a class by each of two subjects, one of whom trains; noise, but named as PKU's."""

    name = "pku-mmd"
    subjects = (sorted(training_subjects("pku-mmd"))[0], "999")

    def find(self, root):
        return [
            ClipSource(root / f"{number:02}-{who}-{take}", f"{number:02}-{who}-{take}", label)
            for number, label in enumerate(published_labels("pku-mmd"))
            for who in range(2)
            for take in range(2)
        ]

    def read(self, source):
        number, who, take = (int(part) for part in source.name.split("-"))
        noise = torch.Generator().manual_seed(4 * number + 2 * who + take)
        return Clip(
            joints=torch.randn(8, 1, 25, 3, generator=noise).numpy(),
            times=torch.arange(8, dtype=torch.float64).numpy() / 30,
            name=source.name,
            label=source.label,
            dataset=self.name,
            subject=self.subjects[who],
            view="",
        )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("pku")
    build_store(path / "store", MadeUpPKU(), path, progress=False)
    return Store.open(path / "store")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(0)
    model = SkeletonModel(make_encoder("st-gcn", hidden_channels=8, out_channels=8), 384)
    info = CheckpointInfo(
        encoder="st-gcn",
        encoder_config=model.encoder.config,
        text_encoder=OFFLINE_DEFAULT,
        text_dim=384,
        text_style="name",
        preprocessing=Preprocessing(frames=8).to_dict(),
        temperature=0.07,
        classes=sorted(set(published_labels("pku-mmd")) - set(UNSEEN)),
        training={"data": {"fold": FOLD}},
    )
    path = tmp_path_factory.mktemp("checkpoint") / "x.safetensors"
    save_checkpoint(path, model, info)
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def tested(store, checkpoint, cache):
    return fold_features(checkpoint, store, cache=cache)


def test_exemplars_answer_where_texts_are_wrong():
    text = torch.eye(3)
    exemplars = torch.tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])  # the texts of 0 and 1 swapped
    features = torch.tensor([[0.1, 0.9, 0.0], [0.9, 0.1, 0.1], [0.1, 0.0, 0.9]])
    by_text, by_exemplar, _ = one_shot_predictions(
        features, text, exemplars, torch.tensor([0, 1]), alpha=0.0
    )
    assert by_text.tolist() == [1, 0, 2]
    assert by_exemplar.tolist() == [0, 1, 2]  # class 2 has no exemplar: its text answers


def test_without_exemplars_it_is_the_two_passes():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(40, 8, generator=generator)
    text = torch.randn(4, 8, generator=generator)
    by_text, by_exemplar, aligned = one_shot_predictions(
        features, text, features[:0], torch.zeros(0, dtype=torch.long), alpha=0.5
    )
    two_pass = align_two_pass(features, text, alpha=0.5)
    assert torch.equal(by_text, two_pass.pseudo_labels)
    assert torch.equal(by_exemplar, two_pass.pseudo_labels)
    assert torch.equal(aligned, two_pass.predictions)


def test_without_tolerance_alignment_adds_nothing_to_exemplars():
    generator = torch.Generator().manual_seed(1)
    features, text = torch.randn(40, 8, generator=generator), torch.randn(4, 8, generator=generator)
    shown = torch.randn(4, 8, generator=generator)
    _, by_exemplar, aligned = one_shot_predictions(features, text, shown, torch.arange(4), 0.0)
    assert torch.equal(aligned, by_exemplar)
    nearest = (F.normalize(features, dim=1) @ F.normalize(shown, dim=1).T).argmax(dim=1)
    assert torch.equal(by_exemplar, nearest)


def test_one_exemplar_a_class_and_none_of_them_is_tested(store, checkpoint, tested):
    assert tested.classes == tuple(UNSEEN)
    assert tested.exemplar_labels.tolist() == list(range(10))
    assert len(tested.labels) == 2 * 10  # both clips of the subject who tests
    distances = torch.cdist(tested.exemplars, tested.features)
    assert distances.min() > 1e-6
    split = load_fold(FOLD).split(
        store.table.label.tolist(),
        store.table.dataset.tolist(),
        store.table.subject.tolist(),
        store.table.clip.tolist(),
    )
    assert not set(split.exemplars.tolist()) & {*split.test.tolist(), *split.train.tolist()}

    result = one_shot(tested)
    assert (result.samples, result.classes, result.shown) == (20, 10, 10)
    shown = F.normalize(tested.exemplars, dim=1)
    right = (F.normalize(tested.features, dim=1) @ shown.T).argmax(dim=1) == tested.labels
    assert result.exemplars.overall == pytest.approx(float(right.double().mean()))


def test_the_command_prints_and_writes_the_figures(store, checkpoint, tested, cache, tmp_path):
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(checkpoint.read_bytes())
    command = ["one-shot", str(store.path), "--checkpoint", str(copy), "--device", "cpu", "--write"]
    done = CliRunner().invoke(app, command, env={"PGFA_CACHE": str(cache)})
    assert done.exit_code == 0, done.output
    result = one_shot(tested)
    assert "20 clips of unseen classes among 10, 10 of them with an exemplar" in done.output
    assert f"exemplars {result.exemplars}" in done.output
    assert "paper    one-shot 86.9% (Table VIII; best epoch on test)" in done.output
    written = load_checkpoint(copy)[1].training["one_shot"]
    assert written["exemplars"]["overall"] == result.exemplars.overall


def test_what_training_recorded_is_told():
    accuracy = {"plain": {"overall": 0.5}, "aligned": {"overall": 0.625}}
    best = {"plain": {"overall": 0.7, "epoch": 3}, "aligned": {"overall": 0.8, "epoch": 9}}
    training = {
        "epoch": 12,
        "two_pass": {"alpha": 0.9, "unseen": accuracy},
        "paper_protocol": {"what": "...", **best},
    }
    assert recorded(training) == [
        "epoch 12, unseen: plain 50.00%, aligned 62.50% (alpha 0.9)",
        "best on test (paper protocol): plain 70.00% at epoch 3, aligned 80.00% at epoch 9",
    ]
    assert recorded({}) == []


def test_other_folds_have_no_exemplars(tested):
    bare = replace(tested, fold="setting1-pku/1", exemplars=tested.exemplars[:0])
    with pytest.raises(InputError, match="has no exemplars; give a one-shot fold"):
        one_shot(bare)


def test_a_trained_class_is_never_tested_as_unseen(store, checkpoint):
    with pytest.raises(InputError, match=r"was trained on .*, unseen in fold setting1-pku/1"):
        fold_features(checkpoint, store, fold="setting1-pku/1")


def test_text_of_another_encoder_is_refused(store, checkpoint):
    with pytest.raises(InputError, match="needs text features of 'all-MiniLM-L6-v2', not of"):
        fold_features(checkpoint, store, text_encoder="all-mpnet-base-v2")


def test_seen_and_unseen_are_answered_together_and_reported_apart(tested):
    unseen = torch.arange(len(tested.labels)) < 8
    results = zero_shot(replace(tested, unseen=unseen))
    assert [results[kind].samples for kind in ("unseen", "seen", "both")] == [8, 12, 20]
    for pass_ in ("plain", "aligned"):
        parts = [getattr(results[kind], pass_).overall for kind in ("unseen", "seen", "both")]
        assert parts[2] == pytest.approx((8 * parts[0] + 12 * parts[1]) / 20)
    assert list(zero_shot(tested)) == ["unseen"]


def test_reported_figures_are_the_papers(shared):
    tables = json.loads((shared / "reference" / "paper_tables.json").read_text())
    for column, name in enumerate(("ntu60", "ntu120", "pku")):
        figures = reported(f"setting1-{name}/2")
        rows = tables["table1_setting1"]["rows"]
        assert figures.aligned == {"complete": rows["PGFA"][column]}
        assert figures.plain["name"] == rows["PGFA* (class name, no alignment)"][column]
        assert (
            figures.plain["complete"]
            == rows["PGFA-dagger (complete description, no alignment)"][column]
        )
        shots = tables["table8_one_shot"]["rows"]["PGFA"]
        assert reported(f"one-shot-{name}/all").one_shot == shots[column]
        for style, row in (("parts", "parts"), ("skeleton", "skeleton-focused")):
            if name != "pku":
                described = tables["table3_descriptions_no_alignment"]["rows"]
                assert figures.plain[style] == described[row][column]
    folds = ("ntu60/55-5", "ntu60/48-12", "ntu120/110-10", "ntu120/96-24")
    second = [reported(f"setting2-{fold}").aligned["complete"] for fold in folds]
    assert second == tables["table2_setting2"]["rows"]["PGFA"]
    across = [
        reported(f"cross-{sets}/1").aligned["complete"] for sets in ("ntu60-pku", "pku-ntu60")
    ]
    assert across == tables["table10_cross_dataset"]["rows"]["PGFA"]
    assert reported("open/1") is None
