import os

import pytest
import torch
from safetensors.torch import save_file

from bank.errors import InputError
from bank.storage import load_state, save_state


def test_round_trip_keeps_tensors_and_values(tmp_path):
    path = tmp_path / "state.safetensors"
    tensors = {"a": torch.arange(6).reshape(2, 3).T, "empty": torch.empty(0, 4)}
    save_state(path, tensors, {"n": 1, "f": 0.1, "list": ["é", None]})
    loaded, metadata = load_state(path)
    assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)
    assert metadata == {"n": 1, "f": 0.1, "list": ["é", None]}
    assert [p.name for p in tmp_path.iterdir()] == ["state.safetensors"]


def test_tensors_that_share_memory_are_kept_apart(tmp_path):
    path = tmp_path / "state.safetensors"
    base = torch.arange(6.0)
    tensors = {"whole": base, "same": base, "half": base[3:]}
    save_state(path, tensors, {})
    loaded, _ = load_state(path)
    assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)


def test_the_file_is_as_readable_as_any_other(tmp_path):
    (tmp_path / "plain").write_text("")
    save_state(tmp_path / "state.safetensors", {}, {})
    modes = [path.stat().st_mode for path in tmp_path.iterdir()]
    assert modes[0] == modes[1]


def test_who_reads_the_old_state_is_not_disturbed(tmp_path):
    path = tmp_path / "state.safetensors"
    save_state(path, {"a": torch.zeros(200)}, {})
    before = path.read_bytes()
    with path.open("rb") as reader:
        save_state(path, {"a": torch.ones(100)}, {})
        assert reader.read() == before


def test_a_failed_write_keeps_the_old_state(tmp_path, monkeypatch):
    path = tmp_path / "state.safetensors"
    save_state(path, {"a": torch.zeros(2)}, {"version": "old"})

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bank.files.os.fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        save_state(path, {"a": torch.ones(2)}, {"version": "new"})
    assert load_state(path)[1] == {"version": "old"}
    assert [p.name for p in tmp_path.iterdir()] == ["state.safetensors"]


def test_foreign_and_damaged_files_are_named(tmp_path):
    foreign, junk = tmp_path / "foreign.safetensors", tmp_path / "junk.safetensors"
    save_file({"a": torch.zeros(2)}, foreign)
    junk.write_bytes(b"\x80\x04 pickled, perhaps")
    with pytest.raises(InputError, match="not one written by PGFA Live"):
        load_state(foreign)
    with pytest.raises(InputError, match="damaged or not a safetensors file"):
        load_state(junk)
    for description in ("[1, 2]", "{", "nothing"):
        save_file({"a": torch.zeros(2)}, foreign, {"pgfa": description})
        with pytest.raises(InputError, match="not JSON"):
            load_state(foreign)
    with pytest.raises(InputError, match="no such file"):
        load_state(tmp_path / "nothing")
    with pytest.raises(InputError, match="cannot be written"):
        save_state(tmp_path / "no" / "folder", {}, {})


def test_only_plain_files_are_replaced_and_links_are_followed(tmp_path):
    real, link = tmp_path / "real.safetensors", tmp_path / "link.safetensors"
    link.symlink_to(real)
    save_state(link, {"a": torch.zeros(1)}, {"n": 1})
    assert link.is_symlink()
    assert load_state(real)[1] == {"n": 1}
    os.mkfifo(tmp_path / "pipe")
    for odd in (tmp_path / "pipe", tmp_path):
        with pytest.raises(InputError, match="name a file"):
            save_state(odd, {}, {})
