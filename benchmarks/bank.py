"""Speed of the prototype bank and of the two passes, on one core.

    python -m benchmarks.bank [--stream 20000] [--samples 56578] [--large 114000]

`--stream 1000000` is the long run: exact mode keeps its samples, the others must stay flat.

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
from statistics import median
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

sys.path[0] = str(Path(__file__).resolve().parents[1])  # in its own folder this file is `bank`
from bank import PrototypeBank, align_two_pass, warm_up  # noqa: E402

ALPHA = 0.9
LIVE_CLASSES, DIMENSION = 60, 768
TEST_CLASSES = 12
LARGE_CLASSES = 120
BLOCKS = 8
PIECE = 1000
BURST = 20
Mode = Literal["exact", "bounded", "anchored", "text"]


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


def held_megabytes() -> float:
    """Memory that this process holds now, where the system tells; the most it has held, else."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return peak_megabytes()
    return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20


def print_live(samples: int, modes: list[Mode]) -> None:
    """Answer, then learn, one sample at a time, while the bank grows."""
    print(f"one sample at a time, K = {LIVE_CLASSES}, d = {DIMENSION}, one core")
    print(
        f"us a sample in bursts of {BURST}, by turns with scoring alone: tenth percentile, median"
    )
    print("(of the machine as it is just then), and mean")
    print(
        f"{'mode':9} {'samples so far':>15} {'predict + update':>24} {'score only':>18} "
        f"{'ratio':>8}  memory"
    )
    for mode in modes:
        generator = torch.Generator().manual_seed(0)
        text = torch.randn(LIVE_CLASSES, DIMENSION, generator=generator)
        unit_text = F.normalize(text, dim=1)
        begin = time.perf_counter()
        bank = PrototypeBank(text, alpha=ALPHA, mode=mode)
        warm_up(bank)
        taken = time.perf_counter() - begin
        medians = []
        for block in range(1, BLOCKS + 1):
            ours, plain = [], []
            for _ in range(0, samples // BLOCKS, PIECE):  # so that the features take no memory
                rows = made_up(min(PIECE, samples // BLOCKS), text, generator).split(1)
                for at in range(0, len(rows), BURST):
                    burst = rows[at : at + BURST]
                    begin = time.process_time()
                    for row in burst:
                        bank.predict(row)
                        bank.update(row)
                    middle = time.process_time()
                    for row in burst:
                        F.normalize(row, dim=1) @ unit_text.T
                    end = time.process_time()
                    ours.append((middle - begin) / len(burst) * 1e6)
                    plain.append((end - middle) / len(burst) * 1e6)
            medians.append(median(ours))
            print(
                f"{mode:9} {block * (samples // BLOCKS):15,} {told(ours):>24} {told(plain):>18} "
                f"{median(ours) / median(plain):6.1f} x {held_megabytes():6.0f} MB",
                flush=True,
            )
        print(
            f"{mode:9} median of a block: least {min(medians):.0f}, middle {median(medians):.0f}, "
            f"most {max(medians):.0f} us; making and warming up the bank took {taken:.2f} s\n"
        )


def told(times: list[float]) -> str:
    """Tenth percentile, median and mean."""
    tenth = sorted(times)[len(times) // 10]
    return f"{tenth:.0f}, {median(times):.0f}, {sum(times) / len(times):.0f}"


def print_bounded_error() -> None:
    """How far the bounded mode is from the exact one, and what that changes."""
    print("\nbounded against exact, 20,000 samples, K = 60, d = 768")
    generator = torch.Generator().manual_seed(2)
    text = torch.randn(LIVE_CLASSES, DIMENSION, generator=generator)
    features = made_up(20_000, text, generator)
    for alpha in (0.4, 0.9):
        exact, bounded = (PrototypeBank(text, alpha, mode) for mode in ("exact", "bounded"))
        exact.update(features)
        bounded.update(features)
        away = (exact.prototypes - bounded.prototypes).norm(dim=1)
        other = exact.settle(features) != bounded.settle(features)
        print(
            f"alpha {alpha}: prototypes differ by {away.mean():.1e} (most {away.max():.1e}) in "
            f"length, {int(other.sum())} of {len(features):,} answers differ"
        )


def print_large(samples: int) -> None:
    """Two passes over a set of the size of NTU-120, and what they need beside it."""
    generator = torch.Generator().manual_seed(3)
    text = torch.randn(LARGE_CLASSES, DIMENSION, generator=generator)
    features = torch.empty(samples, DIMENSION)
    for at in range(0, samples, PIECE):
        features[at : at + PIECE] = made_up(min(PIECE, samples - at), text, generator)
    before = peak_megabytes()
    taken = seconds(lambda: align_two_pass(features, text, alpha=ALPHA), repeats=1)
    megabytes = features.nbytes / 2**20
    print(
        f"\n{samples:,} x {DIMENSION}, K = {LARGE_CLASSES}: two passes {taken:.1f} s, peak memory "
        f"grew by {peak_megabytes() - before:.0f} MB beside {megabytes:.0f} MB of features"
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
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stream", type=int, default=20_000, help="samples of the live table")
    parser.add_argument("--samples", type=int, default=56_578, help="samples of the test set")
    parser.add_argument("--large", type=int, default=114_000, help="samples of the large set")
    parser.add_argument("--modes", nargs="+", choices=get_args(Mode), default=list(get_args(Mode)))
    options = parser.parse_args()
    torch.set_num_threads(1)  # the bank's small products never leave their thread
    print_live(options.stream, options.modes)
    print_bounded_error()
    print_two_pass(options.samples)
    print_large(options.large)


if __name__ == "__main__":
    main()
