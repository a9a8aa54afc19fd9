"""The authors' files become checkpoints that give what the official networks give."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch

from bank.errors import InputError
from train.data.protocols import load_fold, published_labels
from train.model import load_checkpoint
from train.official import PAPER_TEXT_ENCODER, import_official
from train.skeletons.preprocess import Preprocessing


@pytest.fixture(scope="module")
def st_gcn(shared):
    return shared / "reference" / "official_stgcn_ckpt.pt"


@pytest.fixture
def shift_gcn(shared, tmp_path):
    """The reference Shift-GCN has no adapter; this one gets one, as released files have."""
    weights = torch.load(shared / "reference" / "official_shiftgcn_ckpt.pt", weights_only=True)
    generator = torch.Generator().manual_seed(0)
    adapter = {
        "adapter.weight": torch.randn(768, 256, generator=generator) / 16,
        "adapter.bias": torch.randn(768, generator=generator),
    }
    torch.save({**weights, "adapter": adapter}, tmp_path / "shift.pt")
    return tmp_path / "shift.pt", adapter


def error(ours, theirs):
    return np.abs(ours - theirs).max() / np.abs(theirs).max()


def test_st_gcn_projects_as_the_official_network(st_gcn, shared, tmp_path):
    out = tmp_path / "x.safetensors"
    import_official(st_gcn, out, fold="setting1-ntu60/1")
    model, info = load_checkpoint(out)
    parity = np.load(shared / "reference" / "official_stgcn_parity.npz")
    x = torch.from_numpy(parity["x"])
    features = model.encode(x, torch.ones(len(x), 2, dtype=torch.bool)).numpy()
    assert error(features, parity["projected"]) < 1e-4

    assert (info.encoder, info.text_encoder, info.text_dim) == ("st-gcn", PAPER_TEXT_ENCODER, 768)
    assert info.temperature == pytest.approx(0.07)
    assert info.encoder_config["bodies"] == "all"
    assert Preprocessing.from_dict(info.preprocessing) == Preprocessing("published", frames=50)
    assert info.unseen == sorted(load_fold("setting1-ntu60/1").unseen)
    assert sorted(info.classes + info.unseen) == sorted(published_labels("ntu60"))
    assert info.training["data"]["fold"] == "setting1-ntu60/1"
    assert info.training["vocabulary"] == "ntu60"


def test_shift_gcn_projects_as_the_official_network(shift_gcn, shared, tmp_path):
    source, adapter = shift_gcn
    out = tmp_path / "x.safetensors"
    import_official(source, out)
    model, info = load_checkpoint(out)
    parity = np.load(shared / "reference" / "official_shiftgcn_parity.npz")
    x = torch.from_numpy(parity["x"])
    features = model.encode(x, torch.ones(len(x), 2, dtype=torch.bool)).numpy()
    projected = parity["encoder_out"] @ adapter["adapter.weight"].numpy().T
    assert error(features, projected + adapter["adapter.bias"].numpy()) < 1e-4
    assert info.encoder == "shift-gcn"
    assert Preprocessing.from_dict(info.preprocessing) == Preprocessing("published", frames=64)
    assert (info.classes, info.unseen) == ([], [])


def test_weights_trained_on_several_gpus_are_the_same(st_gcn, tmp_path):
    weights = torch.load(st_gcn, weights_only=True)
    weights["encoder"] = {f"module.{name}": value for name, value in weights["encoder"].items()}
    torch.save(weights, tmp_path / "parallel.pt")
    import_official(st_gcn, tmp_path / "a.safetensors")
    import_official(tmp_path / "parallel.pt", tmp_path / "b.safetensors")
    first, second = (load_checkpoint(tmp_path / f"{name}.safetensors")[0] for name in "ab")
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])


def damaged(kind, st_gcn, folder):
    path = folder / "bad.pt"
    if kind == "missing":
        return path
    if kind == "folder":
        return folder
    if kind == "cut":
        path.write_bytes(st_gcn.read_bytes()[:200_000])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("{}")
    elif kind == "pickle":
        path.write_bytes(pickle.dumps({"encoder": Harmful(), "adapter": {}}))
    elif kind == "harmful":
        torch.save({"encoder": Harmful(), "adapter": {}}, path)
    else:
        weights = torch.load(st_gcn, weights_only=True)
        if kind == "no adapter":
            del weights["adapter"]
        elif kind == "list":
            weights = [weights]
        elif kind == "other network":
            weights["encoder"] = {"fc.weight": torch.zeros(2, 2)}
        elif kind == "wrong shape":
            weights["encoder"]["st_gcn_networks.3.tcn.2.weight"] = torch.zeros(16, 16, 7, 1)
        elif kind == "missing layer":
            del weights["encoder"]["st_gcn_networks.3.tcn.2.weight"]
        elif kind == "other graph":
            weights["encoder"]["A"] = weights["encoder"]["A"].flip(1)
        elif kind == "not finite":
            weights["adapter"]["adapter.bias"][0] = float("nan")
        elif kind == "two layers":
            weights["adapter"] = {f"0.{name}": v for name, v in weights["adapter"].items()}
        torch.save(weights, path)
    return path


class Harmful:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("a foreign file ran code",))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing", "no such file"),
        ("folder", "no such file"),
        ("cut", "cut short, damaged"),
        ("empty", "cut short, damaged"),
        ("text", "not a file of plain weights"),
        ("pickle", "not a file of plain weights"),
        ("harmful", "not a file of plain weights"),
        ("no adapter", "no weights under 'adapter'"),
        ("list", "no weights under 'encoder'"),
        ("other network", "not an official ST-GCN"),
        ("wrong shape", "do not fit the official networks"),
        ("missing layer", "do not fit the official networks"),
        ("other graph", "another graph"),
        ("not finite", "not finite"),
        ("two layers", "not one linear layer"),
    ],
)
def test_other_files_are_refused_in_one_line(kind, message, st_gcn, tmp_path):
    path = damaged(kind, st_gcn, tmp_path)
    with pytest.raises(InputError, match=message) as refused:
        import_official(path, tmp_path / "x.safetensors")
    assert "\n" not in str(refused.value)
    assert str(path) in str(refused.value)
    assert not (tmp_path / "x.safetensors").exists()


def test_other_options_are_refused(st_gcn, tmp_path):
    out = tmp_path / "x.safetensors"
    with pytest.raises(InputError, match="768 dimensions, but all-MiniLM-L6-v2 has 384"):
        import_official(st_gcn, out, text_encoder="all-MiniLM-L6-v2")
    with pytest.raises(InputError, match="open/1: not a fold of the paper"):
        import_official(st_gcn, out, fold="open/1")
    with pytest.raises(InputError, match="has no fold '9'"):
        import_official(st_gcn, out, fold="setting1-ntu60/9")
    with pytest.raises(InputError, match="no description style"):
        import_official(st_gcn, out, style="poem")
    with pytest.raises(InputError, match="is the official file itself"):
        import_official(st_gcn, st_gcn)
    assert not out.exists()


def test_text_of_another_encoder_is_refused_by_name(st_gcn, tmp_path):
    info = import_official(st_gcn, tmp_path / "x.safetensors")
    info.check_text("all-mpnet-base-v2", 768)
    info.check_text("/models/all-mpnet-base-v2", 768)
    with pytest.raises(InputError, match="needs text features of 'all-mpnet-base-v2', not of"):
        info.check_text("all-MiniLM-L6-v2", 384)
    with pytest.raises(InputError, match="needs 768-dimensional text features of 'all-mpnet"):
        info.check_text("all-mpnet-base-v2", 384)


def test_the_command_imports(st_gcn, tmp_path):
    out = tmp_path / "x.safetensors"
    command = [sys.executable, "-c", "from apps.train import main; main()", "import", str(st_gcn)]
    done = subprocess.run([*command, "--out", str(out)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "st-gcn, 50 frames, projected to 768 dimensions of all-mpnet-base-v2" in done.stdout
    assert load_checkpoint(out)[1].encoder == "st-gcn"
    failed = subprocess.run(
        [*command, "--text", "all-MiniLM-L6-v2", "--out", str(out)], capture_output=True, text=True
    )
    assert failed.returncode == 2
    assert failed.stderr.count("\n") == 1
    assert failed.stderr.startswith("pgfa-train: ")
