import numpy as np
import pytest
import torch

from bank.errors import InputError
from train.encoders import encoder_names, make_encoder
from train.encoders.folded import FoldedSTGCN
from train.encoders.graph import spatial_partition
from train.encoders.official import st_gcn_from_official
from train.encoders.onnx_st_gcn import OnnxSTGCN


@pytest.fixture(scope="module")
def parity(shared):
    return np.load(shared / "reference" / "official_stgcn_parity.npz")


@pytest.fixture(scope="module")
def official(shared):
    return torch.load(shared / "reference" / "official_stgcn_ckpt.pt", weights_only=True)


def test_graph_equals_the_published_one(parity):
    np.testing.assert_allclose(spatial_partition(), parity["A"], atol=1e-7)


def test_features_equal_the_official_networks(parity, official):
    encoder = make_encoder("st-gcn", bodies="all").eval()
    encoder.load_state_dict(st_gcn_from_official(official["encoder"]))
    with torch.inference_mode():
        features = encoder(torch.from_numpy(parity["x"])).numpy()
    error = np.abs(features - parity["encoder_out"]).max() / np.abs(parity["encoder_out"]).max()
    assert error < 1e-4


def test_an_absent_body_changes_nothing():
    torch.manual_seed(0)
    encoder = make_encoder("st-gcn").eval()
    x = torch.randn(3, 3, 50, 25, 2)
    present = torch.tensor([[True, False], [True, True], [False, True]])
    junk = torch.where(present[:, None, None, None, :], x, torch.full_like(x, 7.0))
    with torch.inference_mode():
        torch.testing.assert_close(encoder(x, present), encoder(junk, present))
        alone = encoder(x[2:, ..., 1:], torch.tensor([[True]]))
        torch.testing.assert_close(encoder(x, present)[2:], alone)


def test_both_orders_of_aggregation_agree():
    from train.encoders.st_gcn import GraphConvolution

    torch.manual_seed(0)
    adjacency = torch.from_numpy(spatial_partition())
    x = torch.randn(2, 6, 4, 25)
    for out_channels in (3, 12):  # projecting first, aggregating first
        layer = GraphConvolution(6, out_channels, 3)
        direct = torch.einsum("kvw,nctv,kcd->ndtw", adjacency, x, layer.weight)
        bias = torch.einsum("kvw,kd->dw", adjacency, layer.bias)
        torch.testing.assert_close(layer(x, adjacency), direct + bias[None, :, None])


def test_bad_arguments_are_refused_by_name():
    assert "st-gcn" in encoder_names()
    with pytest.raises(InputError, match="no encoder is called 'gcn'"):
        make_encoder("gcn")
    with pytest.raises(InputError, match="does not take"):
        make_encoder("st-gcn", widht=3)
    with pytest.raises(InputError, match="dropout"):
        make_encoder("st-gcn", dropout=1.5)
    with pytest.raises(InputError, match="a multiple of 8"):
        make_encoder("st-gcn", hidden_channels=4)


def test_other_weights_are_refused():
    with pytest.raises(InputError, match="not an official ST-GCN"):
        st_gcn_from_official({"fc.weight": torch.zeros(2, 2)})


def test_absent_bodies_computed_once_train_like_all_of_them():
    torch.manual_seed(0)
    once = make_encoder("st-gcn", hidden_channels=8, out_channels=8, bodies="all", dropout=0.0)
    each = make_encoder("st-gcn", hidden_channels=8, out_channels=8, bodies="all", dropout=0.0)
    once, each = once.double(), each.double()
    each.load_state_dict(once.state_dict())
    here = [[1, 0], [1, 1], [1, 0], [0, 1], [0, 0]]
    present = torch.tensor(here, dtype=torch.bool)
    x = torch.randn(5, 3, 20, 25, 2, dtype=torch.float64) * present[:, None, None, None, :]
    one, other = once(x, present), each(x)
    torch.testing.assert_close(one, other)
    pull = torch.randn_like(one)
    (one * pull).sum().backward()
    (other * pull).sum().backward()
    for (name, a), b in zip(once.named_parameters(), each.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, msg=lambda text, name=name: f"{name}: {text}")
    for a, b in zip(once.buffers(), each.buffers(), strict=True):
        torch.testing.assert_close(a, b)
    with torch.inference_mode():
        torch.testing.assert_close(once.eval()(x, present), each.eval()(x))


@pytest.mark.parametrize("bodies", ["present", "all"])
@pytest.mark.parametrize("kind", [FoldedSTGCN, OnnxSTGCN])
def test_the_folded_network_answers_alike(bodies, kind):
    torch.manual_seed(0)
    encoder = make_encoder("st-gcn", hidden_channels=8, out_channels=8, bodies=bodies)
    x = torch.randn(4, 3, 20, 25, 2)
    with torch.no_grad():  # batch norms that do something
        for _ in range(3):
            encoder(x)
    present = torch.tensor([[True, False], [True, True], [False, True], [False, False]])
    x = x * present[:, None, None, None, :]
    encoder.eval()
    folded = kind(encoder)
    with torch.inference_mode():
        torch.testing.assert_close(folded(x, present), encoder(x, present))
        torch.testing.assert_close(folded(x[:1], present[:1]), encoder(x[:1], present[:1]))
        torch.testing.assert_close(folded(x), encoder(x))
        torch.testing.assert_close(
            folded(x[..., :1], present[:, :1]), encoder(x[..., :1], present[:, :1])
        )
