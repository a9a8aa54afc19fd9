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


def test_a_failed_write_keeps_the_old_state(tmp_path, monkeypatch):
    path = tmp_path / "state.safetensors"
    save_state(path, {"a": torch.zeros(2)}, {"version": "old"})

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bank.storage.os.fsync", full)
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
    with pytest.raises(InputError, match="no such file"):
        load_state(tmp_path / "nothing")
    with pytest.raises(InputError, match="cannot be written"):
        save_state(tmp_path / "no" / "folder", {}, {})
