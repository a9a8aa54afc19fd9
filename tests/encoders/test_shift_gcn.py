"""Shift-GCN against the official network and against a slow one by the book."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from bank.errors import InputError
from train.encoders import encoder_names, make_encoder
from train.encoders.official import shift_gcn_from_official
from train.encoders.shift_gcn import SpatialShift, TemporalShift, joint_shift
from train.model import SkeletonModel


@pytest.fixture(scope="module")
def parity(shared):
    return np.load(shared / "reference" / "official_shiftgcn_parity.npz")


@pytest.fixture(scope="module")
def official(shared):
    path = shared / "reference" / "official_shiftgcn_ckpt.pt"
    return torch.load(path, weights_only=True)["encoder"]


def small(**config):
    torch.manual_seed(0)
    return make_encoder("shift-gcn", hidden_channels=4, **config)


def slow_shift(x, offsets, stride):
    """The formula of the temporal shift, one value at a time."""
    b, frames, joints, channels = x.shape
    rows = []
    for t in range(math.ceil(frames / stride)):
        columns = []
        for c in range(channels):
            place = t * stride + offsets[c] + (0.5 if stride == 2 else 0.0)
            before = math.floor(place.item())
            share = place - before
            zero = x.new_zeros(b, joints)
            first = x[:, before, :, c] if 0 <= before < frames else zero
            second = x[:, before + 1, :, c] if 0 <= before + 1 < frames else zero
            columns.append((1 - share) * first + share * second)
        rows.append(torch.stack(columns, dim=-1))
    return torch.stack(rows, dim=1)


def test_features_equal_the_official_networks(parity, official):
    encoder = make_encoder("shift-gcn", bodies="all").eval()
    encoder.load_state_dict(shift_gcn_from_official(official))
    with torch.inference_mode():
        features = encoder(torch.from_numpy(parity["x"])).numpy()
    error = np.abs(features - parity["encoder_out"]).max() / np.abs(parity["encoder_out"]).max()
    assert error < 1e-4


def test_permutations_equal_the_published_ones(official):
    for channels, block in ((64, "l2"), (128, "l6"), (256, "l9")):
        assert torch.equal(joint_shift(channels, 1), official[f"{block}.gcn1.shift_in"])
        assert torch.equal(joint_shift(channels, -1), official[f"{block}.gcn1.shift_out"])


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("frames", [7, 8])
def test_shift_over_time_follows_its_formula(stride, frames):
    torch.manual_seed(0)
    x = torch.randn(2, frames, 3, 6)
    layer = TemporalShift(6, stride)
    layer.offsets.data = torch.tensor([0.0, 0.3, -0.7, 2.0, -3.6, 40.0])
    torch.testing.assert_close(layer(x, reach=frames), slow_shift(x, layer.offsets, stride))


def test_zero_outside():
    x = torch.ones(1, 4, 1, 3)
    layer = TemporalShift(3)
    layer.offsets.data = torch.tensor([-1.5, 0.0, 1.0])
    rows = layer(x, reach=2)[0, :, 0].T.tolist()
    assert rows == [[0.0, 0.5, 1.0, 1.0], [1.0] * 4, [1.0, 1.0, 1.0, 0.0]]


@pytest.mark.parametrize("stride", [1, 2])
def test_gradients_of_the_shift_over_time(stride):
    """Both by finite differences and as the slow formula has them, for input and offsets."""
    torch.manual_seed(0)
    x = torch.randn(2, 6, 2, 4, dtype=torch.float64, requires_grad=True)
    layer = TemporalShift(4, stride).double()
    layer.offsets.data = torch.tensor([0.3, -0.6, 1.2, -1.9], dtype=torch.float64)

    def shifted(x, offsets):
        return torch.func.functional_call(layer, {"offsets": offsets}, (x, 2))

    assert torch.autograd.gradcheck(shifted, (x, layer.offsets))
    weights = torch.randn_like(layer(x, 2))
    ours = torch.autograd.grad((layer(x, 2) * weights).sum(), (x, layer.offsets))
    slow = torch.autograd.grad(
        (slow_shift(x, layer.offsets, stride) * weights).sum(), (x, layer.offsets)
    )
    torch.testing.assert_close(ours, slow)


def test_gradients_at_a_whole_offset_are_those_of_the_formula():
    x = torch.randn(1, 5, 1, 1, dtype=torch.float64)
    layer = TemporalShift(1).double()
    layer.offsets.data.fill_(1.0)
    ours = torch.autograd.grad(layer(x, 2).square().sum(), layer.offsets)
    slow = torch.autograd.grad(slow_shift(x, layer.offsets, 1).square().sum(), layer.offsets)
    torch.testing.assert_close(ours, slow)


def test_gradients_of_the_shift_over_joints():
    torch.manual_seed(0)
    layer = SpatialShift(2, 3).double()
    torch.nn.init.normal_(layer.mask)
    x = torch.randn(2, 2, 25, 2, dtype=torch.float64, requires_grad=True)

    def book(x):
        moved = torch.empty_like(x)
        for i in range(25):
            for c in range(2):
                moved[:, :, i, c] = x[:, :, (i + c) % 25, c]
        out = (moved * (torch.tanh(layer.mask) + 1)) @ layer.weight + layer.bias
        back = torch.stack(
            [
                torch.stack([out[:, :, (i - c) % 25, c] for c in range(3)], dim=-1)
                for i in range(25)
            ],
            dim=2,
        )
        flat = back.flatten(2).transpose(1, 2)[..., None]
        normed = layer.norm(flat).squeeze(3).transpose(1, 2).reshape(back.shape)
        return F.relu(normed + layer.shortcut(x))

    torch.testing.assert_close(layer(x), book(x))
    inputs = (x, *layer.parameters())
    weights = torch.randn(2, 2, 25, 3, dtype=torch.float64)
    for ours, slow in zip(
        torch.autograd.grad((layer(x) * weights).sum(), inputs),
        torch.autograd.grad((book(x) * weights).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(ours, slow)
    layer.eval()
    assert torch.autograd.gradcheck(layer, (x.detach()[:1, :1].requires_grad_(),))


def test_official_gradient_has_the_sign_and_one_length():
    x = torch.randn(3, 6, 2, 4)
    gradients = []
    for kind in ("true", "official"):
        torch.manual_seed(0)
        layer = TemporalShift(4, 1, kind)
        (layer(x, 1) ** 2).sum().backward()
        gradients.append(layer.offsets.grad)
    torch.testing.assert_close(gradients[1], gradients[0].sign() * 0.01)


def test_an_absent_body_changes_nothing():
    encoder = small().eval()
    x = torch.randn(3, 3, 12, 25, 2)
    present = torch.tensor([[True, False], [True, True], [False, True]])
    junk = torch.where(present[:, None, None, None, :], x, torch.full_like(x, 7.0))
    with torch.inference_mode():
        torch.testing.assert_close(encoder(x, present), encoder(junk, present))
        alone = encoder(x[2:, ..., 1:], torch.tensor([[True]]))
        torch.testing.assert_close(encoder(x, present)[2:], alone)
        nobody = encoder(x[:1], torch.zeros(1, 2, dtype=torch.bool))
    assert (nobody == 0).all()


def test_an_absent_body_changes_no_statistics_either():
    x = torch.randn(4, 3, 12, 25, 2)
    present = torch.tensor([[True, False]] * 4)
    both, alone = small(), small()
    both.train()(x, present)
    alone.train()(x[..., :1])
    for name, value in both.state_dict().items():
        torch.testing.assert_close(value, alone.state_dict()[name], msg=name)


@pytest.mark.parametrize("frames", [1, 12, 13, 50, 64])
def test_any_number_of_frames(frames):
    encoder = small().eval()
    assert encoder(torch.randn(2, 3, frames, 25, 2)).shape == (2, encoder.out_channels)


def test_it_learns_a_few_samples_by_heart():
    """Stable at a plain learning rate, and with the offsets learning along."""
    encoder = small()
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(6) % 3
    x = torch.randn(6, 3, 8, 25, 1, generator=generator)
    model = SkeletonModel(encoder, 3).train()
    before = torch.cat([b.shift_in.offsets.detach() for b in encoder.blocks])
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(20):
        loss = F.cross_entropy(model(x), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 < losses[0]
    after = torch.cat([b.shift_in.offsets.detach() for b in encoder.blocks])
    assert not torch.equal(before, after)
    assert after.abs().max() < 3


def test_bad_arguments_are_refused_by_name():
    assert "shift-gcn" in encoder_names()
    with pytest.raises(InputError, match="bodies is"):
        small(bodies="some")
    with pytest.raises(InputError, match="offset_gradient is"):
        small(offset_gradient="false")
    with pytest.raises(InputError, match="dropout"):
        small(dropout=1.0)
    with pytest.raises(InputError, match="for 2 bodies a clip, not 3"):
        small(bodies="all")(torch.zeros(1, 3, 4, 25, 3))
