"""Saved states: complete or refused with one line, at whatever moment the writer is killed."""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bank import InputError, PrototypeBank
from bank.storage import load_state, save_state

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bank():
    torch.manual_seed(0)
    bank = PrototypeBank(torch.randn(5, 12), alpha=0.7)
    bank.update(torch.randn(80, 12))
    bank.enroll(torch.randn(3, 12), 2)
    return bank


def test_a_loaded_bank_is_the_saved_one(bank, tmp_path):
    path = tmp_path / "bank.safetensors"
    bank.freeze()
    bank.save(path)
    loaded = PrototypeBank.load(path, bank.text)
    for name in ("prototypes", "support", "kept", "enrolled", "text"):
        assert torch.equal(getattr(loaded, name), getattr(bank, name)), name
    for name in ("alpha", "mode", "frozen", "fingerprint", "count"):
        assert getattr(loaded, name) == getattr(bank, name), name
    features = torch.randn(40, 12)
    for each in (bank, loaded):
        each.unfreeze()
        each.update(features)
    assert torch.equal(loaded.prototypes, bank.prototypes)


def test_an_empty_and_a_text_bank_can_be_saved(tmp_path):
    path = tmp_path / "bank.safetensors"
    for mode in ("exact", "text"):
        PrototypeBank(torch.eye(3), mode=mode).save(path)
        loaded = PrototypeBank.load(path)
        assert (loaded.mode, loaded.count) == (mode, 0)
        assert torch.equal(loaded.prototypes, torch.eye(3))


def test_texts_of_another_machine_are_the_same_and_other_texts_are_not(bank, tmp_path):
    path = tmp_path / "bank.safetensors"
    bank.save(path)
    PrototypeBank.load(path, bank.text * (1 + 1e-6))
    with pytest.raises(InputError, match=f"other class texts .{bank.fingerprint[:8]}"):
        PrototypeBank.load(path, bank.text.roll(1, 0))
    with pytest.raises(InputError, match="5 classes in 12 dimensions, but the texts are 5 in 7"):
        PrototypeBank.load(path, bank.text[:, :7])


def damage(tensors, metadata, kind):
    match kind:
        case "format":
            metadata["format"] = "pgfa-checkpoint"
        case "version":
            metadata["version"] = 99
        case "alpha":
            metadata["alpha"] = 3.0
        case "mode":
            metadata["mode"] = "psychic"
        case "frozen":
            del metadata["frozen"]
        case "fingerprint":
            metadata["fingerprint"] = "0" * 64
        case "samples missing":
            del tensors["samples"]
        case "samples as floats":
            tensors["samples"] = tensors["samples"].float()
        case "samples not unit":
            tensors["samples"] = tensors["samples"] * 2
        case "samples of another dimension":
            tensors["samples"] = tensors["samples"][:, :4].contiguous()
        case "labels out of range":
            tensors["exemplar_labels"] = tensors["exemplar_labels"] + 5
        case "labels too few":
            tensors["exemplar_labels"] = tensors["exemplar_labels"][:1]
        case "text":
            tensors["text"] = torch.full_like(tensors["text"], torch.nan)


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        ("format", "not a prototype bank"),
        ("version", "bank version 99"),
        ("alpha", "alpha is 3.0"),
        ("mode", "'psychic'"),
        ("frozen", "damaged"),
        ("fingerprint", "texts are damaged"),
        ("samples missing", "damaged"),
        ("samples as floats", "damaged"),
        ("samples not unit", "damaged"),
        ("samples of another dimension", "damaged"),
        ("labels out of range", "damaged"),
        ("labels too few", "damaged"),
        ("text", "not finite"),
    ],
)
def test_a_damaged_state_is_refused_with_one_line(bank, tmp_path, kind, complaint):
    path = tmp_path / "bank.safetensors"
    bank.save(path)
    tensors, metadata = load_state(path)
    damage(tensors, metadata, kind)
    save_state(path, tensors, metadata)
    with pytest.raises(InputError, match=complaint) as refusal:
        PrototypeBank.load(path)
    assert "bank.safetensors" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_every_cut_of_a_state_is_refused(bank, tmp_path):
    path = tmp_path / "bank.safetensors"
    bank.save(path)
    whole = path.read_bytes()
    for end in (0, 1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:end])
        with pytest.raises(InputError, match="damaged"):
            PrototypeBank.load(path)


@pytest.mark.parametrize("mode", ["bounded", "anchored"])
def test_a_state_of_sums_loads_as_it_was_and_is_refused_when_damaged(tmp_path, mode):
    path = tmp_path / "bank.safetensors"
    torch.manual_seed(0)
    bank = PrototypeBank(torch.randn(5, 12), alpha=0.7, mode=mode)
    bank.update(torch.randn(80, 12))
    bank.enroll(torch.randn(3, 12), 2)
    bank.save(path)
    loaded = PrototypeBank.load(path, bank.text)
    probe = torch.randn(40, 12)
    for each in (bank, loaded):
        each.update(probe)
    assert torch.equal(loaded.prototypes, bank.prototypes)
    assert torch.equal(loaded.predict(probe), bank.predict(probe))
    assert loaded.health == bank.health
    bank.save(path)
    tensors, metadata = load_state(path)
    for name, wrong in (
        ("counts", tensors["counts"] - 1e6),
        ("counts", tensors["counts"] * torch.nan),
        ("sums", tensors["sums"] * 3),
        ("bins", tensors["bins"] + 100),
        ("bins", tensors["bins"][:1].expand_as(tensors["bins"])),
        ("votes", tensors["votes"] * 0),
        ("enrolled", tensors["enrolled"] * 0),
        ("gate", tensors["gate"][:3]),
        ("watch", tensors["watch"] * torch.inf),
    ):
        save_state(path, {**tensors, name: wrong}, metadata)
        with pytest.raises(InputError, match=r"bank\.safetensors: damaged bank state"):
            PrototypeBank.load(path)
    save_state(path, tensors, {**metadata, "guards": {"gate": "yes"}})
    with pytest.raises(InputError, match="damaged bank state"):
        PrototypeBank.load(path)


def test_states_of_version_one_are_read(bank, tmp_path):
    path = tmp_path / "bank.safetensors"
    bank.save(path)
    tensors, metadata = load_state(path)
    for name in ("gate", "watch"):
        del tensors[name]
    del metadata["guards"]
    save_state(path, tensors, {**metadata, "version": 1})
    loaded = PrototypeBank.load(path, bank.text)
    assert torch.equal(loaded.prototypes, bank.prototypes)
    assert torch.equal(loaded.enrolled, bank.enrolled)


@pytest.mark.parametrize("version", [2, 3])
def test_states_of_later_versions_are_read_as_they_were_written(version, tmp_path):
    """Forty made-up rows and an exemplar of class 1, saved by the program of that time."""
    bank = PrototypeBank.load(Path(__file__).parent / f"states/version-{version}.safetensors")
    generator = torch.Generator().manual_seed(0)
    text = torch.randn(3, 8, generator=generator)
    rows = torch.randn(1, 8, generator=generator) + 0.7 * torch.randn(40, 8, generator=generator)
    anew = PrototypeBank(text, mode="anchored", guards=replace(bank.guards, variety=True))
    for row in rows.split(1):
        anew.update(row)
    anew.enroll(rows[:1], 1)
    assert torch.equal(bank.support, anew.support)
    assert torch.equal(bank.enrolled, anew.enrolled)
    torch.testing.assert_close(bank.prototypes, anew.prototypes, atol=0.05, rtol=0)
    if version == 3:  # 2 held only what settles
        same = bank.predict(rows).argmax(dim=1) == anew.predict(rows).argmax(dim=1)
        assert float(same.float().mean()) > 0.9
    bank.update(rows[:3])  # and it goes on
    bank.save(tmp_path / "bank")
    assert torch.equal(PrototypeBank.load(tmp_path / "bank").prototypes, bank.prototypes)


WRITER = """
import sys, torch
from dataclasses import replace
from pathlib import Path
from bank import PrototypeBank
bank = PrototypeBank(torch.eye(8), alpha=1.0, mode=sys.argv[2])
path = Path(sys.argv[1])
while True:
    bank.update(torch.rand(200, 8) + 0.1)
    bank.save(path)
    print(bank.count, flush=True)
"""


@pytest.mark.parametrize("mode", ["exact", "bounded"])
def test_a_writer_killed_at_any_moment_leaves_the_last_complete_state(tmp_path, mode):
    path = tmp_path / "bank.safetensors"
    command = [sys.executable, "-c", WRITER, str(path), mode]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        writer.stdout.readline()
        time.sleep(0.5)
        writer.send_signal(signal.SIGKILL)
        acknowledged = [200, *(int(line) for line in writer.stdout if line.endswith("\n"))]
    bank = PrototypeBank.load(path)
    assert acknowledged[-1] <= bank.count <= acknowledged[-1] + 200
    assert bank.support.sum() == bank.count
