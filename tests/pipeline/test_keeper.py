"""The bank on disk: kept up, resumed, refused where it does not belong."""

import shutil
import time

import pytest
import torch

from bank import PrototypeBank
from bank.errors import InputError
from realtime.pipeline import BankKeeper

TEXT = torch.eye(4, 6)


def features(seed, count=3):
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(seed))


def wait_for(what):
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_bank_goes_on_where_it_was(tmp_path):
    path = tmp_path / "bank.safetensors"
    with BankKeeper(path, every=60) as keeper:
        assert keeper.load(TEXT, 0.9, "exact") is None
        bank = PrototypeBank(TEXT)
        bank.update(features(1))
        bank.enroll(features(2, 1), 3)
        keeper.finish(bank)
    with BankKeeper(path, every=60) as keeper:
        again = keeper.load(TEXT, 0.9, "exact")
    assert torch.equal(again.prototypes, bank.prototypes)
    assert again.enrolled.tolist() == [0, 0, 0, 1]


def test_it_is_saved_while_it_learns_and_only_when_it_has_changed(tmp_path):
    path = tmp_path / "bank.safetensors"
    bank = PrototypeBank(TEXT)
    with BankKeeper(path, every=0.0) as keeper:
        bank.update(features(1))
        keeper.offer(bank)
        bank.update(features(2))  # not in the copy that is being written
        wait_for(lambda: keeper.saved_samples == 3)
        keeper.offer(bank)
        wait_for(lambda: keeper.saved_samples == 6)
        saved_at = keeper.saved_at
        keeper.offer(bank)
        keeper.finish(bank)
        assert keeper.saved_at == saved_at
    assert PrototypeBank.load(path, TEXT).count == 6


def test_a_save_that_fails_is_tried_again(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    bank = PrototypeBank(TEXT)
    bank.update(features(1))
    with BankKeeper(folder / "bank.safetensors", every=0.0) as keeper:
        shutil.rmtree(folder)
        keeper.offer(bank)
        wait_for(lambda: keeper.trouble)
        assert "cannot be written" in keeper.trouble
        folder.mkdir()
        wait_for(lambda: keeper.offer(bank) or not keeper.trouble)
        assert PrototypeBank.load(folder / "bank.safetensors").count == 3


def test_one_run_at_a_time_and_leftovers_of_a_killed_one_go(tmp_path):
    path = tmp_path / "bank.safetensors"
    left = tmp_path / "bank.safetensors.123-abcd.part"
    left.write_bytes(b"half")
    with BankKeeper(path):
        assert not left.exists()
        with pytest.raises(InputError, match="another run keeps its bank there"):
            BankKeeper(path)
    BankKeeper(path).close()


@pytest.mark.parametrize(
    ("text", "alpha", "mode", "complaint"),
    [
        (torch.eye(4, 6).flip(0), 0.9, "exact", "other class texts"),
        (torch.eye(3, 6), 0.9, "exact", "classes"),
        (TEXT, 0.5, "exact", "give --alpha 0.9 --bank-mode exact"),
        (TEXT, 0.9, "text", "give --alpha 0.9 --bank-mode exact"),
    ],
)
def test_a_bank_of_something_else_is_refused_by_name(tmp_path, text, alpha, mode, complaint):
    path = tmp_path / "bank.safetensors"
    PrototypeBank(TEXT).save(path)
    with BankKeeper(path) as keeper, pytest.raises(InputError, match=complaint) as error:
        keeper.load(text, alpha, mode)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
