"""Speed of the prototype bank and of the two passes, on one core.

    python -m benchmarks.bank [--stream 20000] [--samples 56578]

Two references are written below in the plainest way and run in the same process on the same
features: scoring a sample against the texts without learning anything, and the paper's two passes
on the whole set held in float64. Values are compared before any speed is printed. Times are CPU
time, which other programs on the machine disturb less than the time on the wall.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

sys.path[0] = str(Path(__file__).resolve().parents[1])  # in its own folder this file is `bank`
from bank import PrototypeBank, align_two_pass  # noqa: E402

ALPHA = 0.9
LIVE_CLASSES, DIMENSION = 60, 768
TEST_CLASSES = 12
BLOCKS = 8


def plain_two_pass(features: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
    """Alg. 2, everything in memory at once: prototypes and predictions."""
    w = F.normalize(text.double(), dim=1)
    z = F.normalize(features.double(), dim=1)
    p = torch.softmax(z @ w.T, dim=1)
    labels = p.argmax(dim=1)
    entropies = -(p * p.log()).sum(dim=1)
    prototypes = w.clone()
    for k in range(len(w)):
        members = (labels == k).nonzero()[:, 0]
        kept = members[entropies[members].argsort()[: int(ALPHA * len(members))]]
        if len(kept):
            prototypes[k] = z[kept].mean(dim=0)
    return prototypes, (z @ F.normalize(prototypes, dim=1).T).argmax(dim=1)


def made_up(count: int, text: Tensor, generator: torch.Generator) -> Tensor:
    """Features of no length in particular, nearer to each other than to any text."""
    _, dimension = text.shape
    common = torch.ones(dimension) / dimension**0.5
    drawn = torch.randint(len(text), (count,), generator=generator)
    noise = torch.randn(count, dimension, generator=generator) / dimension**0.5
    return 3 * (common + 0.5 * F.normalize(text, dim=1)[drawn] + noise)


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """CPU time, best of some repeats."""
    best = float("inf")
    for _ in range(repeats):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return best


def peak_megabytes() -> float:
    """The most memory this process has held."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def print_live(samples: int) -> None:
    """Answer, then learn, one sample at a time, while the bank grows."""
    generator = torch.Generator().manual_seed(0)
    text = torch.randn(LIVE_CLASSES, DIMENSION, generator=generator)
    unit_text = F.normalize(text, dim=1)
    bank = PrototypeBank(text, alpha=ALPHA)
    print(f"one sample at a time, K = {LIVE_CLASSES}, d = {DIMENSION}, one core")
    print(
        f"{'samples so far':>15} {'predict + update':>18} {'score only':>12} {'ratio':>7}  memory"
    )
    for _ in range(BLOCKS):
        rows = made_up(samples // BLOCKS, text, generator).split(1)

        begin = time.process_time()
        for row in rows:
            bank.predict(row)
            bank.update(row)
        ours = (time.process_time() - begin) / len(rows) * 1e6

        begin = time.process_time()
        for row in rows:
            F.normalize(row, dim=1) @ unit_text.T
        plain = (time.process_time() - begin) / len(rows) * 1e6
        print(
            f"{bank.count:15,} {ours:15.1f} us {plain:9.1f} us {ours / plain:5.1f} x "
            f"{peak_megabytes():6.0f} MB"
        )


def print_two_pass(samples: int) -> None:
    """The whole test set: two passes, and the bank in one batch."""
    generator = torch.Generator().manual_seed(1)
    text = torch.randn(TEST_CLASSES, DIMENSION, generator=generator)
    features = made_up(samples, text, generator)
    expected, answers = plain_two_pass(features, text)
    result = align_two_pass(features, text, alpha=ALPHA)
    bank = PrototypeBank(text, alpha=ALPHA)
    bank.update(features.flip(0))
    error = float((result.prototypes - expected).abs().max())
    difference = float((bank.prototypes - result.prototypes).abs().max())
    other = int((result.predictions != answers).sum())
    print(f"\n{samples:,} x {DIMENSION}, K = {TEST_CLASSES}, one core")
    print(f"two passes against the plain reference: {error:.1e}, {other} other predictions")
    print(f"bank against the two passes: {difference:.1e}")
    if error > 1e-5 or difference > 1e-5:
        raise SystemExit("the prototypes differ: no speed is worth printing")

    reference = seconds(lambda: plain_two_pass(features, text))
    print(f"{'plain two passes, float64':28} {reference:7.2f} s")
    for name, work in (
        ("align_two_pass", lambda: align_two_pass(features, text, alpha=ALPHA)),
        ("a new bank, one batch", lambda: PrototypeBank(text, alpha=ALPHA).update(features)),
        ("bank.settle", lambda: bank.settle(features)),
    ):
        each = seconds(work)
        print(f"{name:28} {each:7.2f} s  {reference / each:5.1f} x as fast as plain")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stream", type=int, default=20_000, help="samples of the live table")
    parser.add_argument("--samples", type=int, default=56_578, help="samples of the test set")
    options = parser.parse_args()
    torch.set_num_threads(1)  # the bank's small products never leave their thread
    print_live(options.stream)
    print_two_pass(options.samples)


if __name__ == "__main__":
    main()
