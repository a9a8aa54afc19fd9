"""Training steps a second against a plain ST-GCN: ``python -m benchmarks.train_step``.

The reference is what a straightforward implementation does: straight PyTorch in NCHW, projection to
all parts before aggregation by ``einsum``, both bodies of every window computed whether there or
not, and the label matrix filled by Python loops. Weights, batch and objective are the same, and the
losses must agree; the batch is of one-person windows with zeros for the second body, as almost all
clips of the Kinect sets (and most of NTU) are. One run times both in turn, and a plain matrix
product beside them, so that the figure can be held against what the machine can do.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.plain_st_gcn import PlainSTGCN
from train.encoders.st_gcn import STGCN
from train.model import SkeletonModel
from train.training.objective import ContrastiveLoss

TEXT_DIM = 384
CLASSES = 60


class PlainObjective(ContrastiveLoss):
    """Eq. 3 to 5 with the match matrix filled pair by pair."""

    def forward(self, features: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        """See :class:`ContrastiveLoss`."""
        names = labels.tolist()
        match = torch.zeros(len(names), len(names), device=features.device)
        for i in range(len(names)):
            for j in range(len(names)):
                if names[i] == names[j]:
                    match[i, j] = 1
        target = match / match.sum(dim=1, keepdim=True)
        scores = self.scale * F.normalize(features, dim=1) @ text[labels].T
        rows = F.kl_div(F.log_softmax(scores, dim=1), target, reduction="batchmean")
        columns = F.kl_div(F.log_softmax(scores.T, dim=1), target, reduction="batchmean")
        return (rows + columns) / 2


def main() -> None:
    """Print losses, samples a second, their ratio and the roofline."""
    parser = argparse.ArgumentParser("python -m benchmarks.train_step", description=__doc__)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--frames", type=int, default=50)
    parser.add_argument("--steps", type=int, default=5, help="timed steps of each kind")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--bf16", action="store_true", help="ours under bfloat16 autocast")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = arguments.device

    generator = torch.Generator().manual_seed(0)
    x = torch.randn(arguments.batch, 3, arguments.frames, 25, 2, generator=generator) * 0.3
    x[..., 1] = 0
    present = torch.tensor([[True, False]]).repeat(arguments.batch, 1)
    labels = torch.randint(CLASSES, (arguments.batch,), generator=generator).to(device)
    text = F.normalize(torch.randn(CLASSES, TEXT_DIM, generator=generator), dim=1).to(device)
    x, present = x.to(device), present.to(device)

    torch.manual_seed(0)
    ours = SkeletonModel(STGCN(dropout=0.0, bodies="all"), TEXT_DIM).to(device)
    plain = nn.ModuleDict(
        {"encoder": PlainSTGCN(ours.encoder), "projection": nn.Linear(256, TEXT_DIM)}
    ).to(device)
    plain["projection"].load_state_dict(ours.projection.state_dict())
    fast, slow = ContrastiveLoss().to(device), PlainObjective().to(device)

    def our_loss() -> Tensor:
        with torch.autocast(device, torch.bfloat16, enabled=arguments.bf16):
            features = ours(x, present)
        return fast(features.float(), text, labels)

    def plain_loss() -> Tensor:
        return slow(plain["projection"](plain["encoder"](x)), text, labels)

    a, b = float(our_loss()), float(plain_loss())
    print(f"loss: ours {a:.6f}, reference {b:.6f}, difference {abs(a - b):.1e}")
    if not arguments.bf16 and abs(a - b) > 1e-5:
        raise SystemExit("the losses differ by more than 1e-5: not the same work")

    step_of = {
        "ours": _stepper([*ours.parameters(), *fast.parameters()], our_loss),
        "reference": _stepper([*plain.parameters(), *slow.parameters()], plain_loss),
    }
    seconds: dict[str, list[float]] = {name: [] for name in step_of}
    products: list[float] = []
    for round_ in range(arguments.steps + 1):
        for name, step in step_of.items():
            taken = _timed(step, device)
            if round_:  # the first is a warm-up
                seconds[name].append(taken)
        products.append(_product(device))

    ratios = [r / o for r, o in zip(seconds["reference"], seconds["ours"], strict=True)]
    for name, times in seconds.items():
        middle = statistics.median(times)
        print(
            f"{name:>9}: {arguments.batch / middle:7.1f} samples/s ({middle * 1e3:.0f} ms a step)"
        )
    print(
        f"    ratio: {statistics.median(ratios):.2f} "
        f"(step by step {min(ratios):.2f} to {max(ratios):.2f})"
    )
    work = _work(arguments.batch, arguments.frames)
    peak = statistics.median(products)
    reached = work / statistics.median(seconds["ours"])
    print(
        f" roofline: a 1024 x 1024 product runs at {peak:.0f} GFLOP/s here; a step of one body a "
        f"window is {work:.0f} GFLOP, ours runs at {reached:.0f} GFLOP/s, {reached / peak:.0%}"
    )
    print(f"  machine: {device}, {torch.get_num_threads()} threads")


def _stepper(parameters: list[nn.Parameter], loss: Callable[[], Tensor]) -> Callable[[], None]:
    optimiser = torch.optim.SGD(parameters, lr=1e-4, momentum=0.9)

    def step() -> None:
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()

    return step


def _timed(step: Callable[[], None], device: str) -> float:
    _wait(device)
    begin = time.perf_counter()
    step()
    _wait(device)
    return time.perf_counter() - begin


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _product(device: str) -> float:
    """GFLOP/s of a plain matrix product."""
    size = 1024 if device == "cpu" else 8192
    matrix = torch.randn(size, size, device=device)
    taken = _timed(lambda: [matrix @ matrix for _ in range(5)] and None, device)
    return 5 * 2 * size**3 / taken / 1e9


def _work(batch: int, frames: int) -> float:
    """GFLOP of a step over one body a window: forward, and twice that backward."""
    joints, parts, taps = 25, 3, 9
    total, channels = 0.0, 3
    for width, stride in zip(
        [16] * 4 + [32] * 3 + [64] * 2 + [256], [1] * 4 + [2, 1, 1, 2, 1, 1], strict=True
    ):
        rows = frames * joints
        total += 2 * rows * joints * parts * min(channels, width)  # aggregation
        total += 2 * rows * parts * channels * width  # projection
        frames = (frames + stride - 1) // stride
        total += 2 * frames * joints * taps * width * width  # over time
        if channels not in (3, width):
            total += 2 * frames * joints * channels * width  # shortcut
        channels = width
    return 3 * batch * total / 1e9


if __name__ == "__main__":
    main()
