"""Windows a second against a plain two-body ST-GCN: ``python -m benchmarks.inference``.

The reference (:mod:`benchmarks.plain_st_gcn`, evaluation mode, eager) computes both bodies of every
window; ours is what ``pgfa-live`` runs, on the same weights and the same one-person windows, and
must give the same features. Both are timed in turn in one run, with and without other work on the
machine the same.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.plain_st_gcn import PlainSTGCN
from train.encoders.st_gcn import STGCN


def main() -> None:
    """Print milliseconds a batch and the ratio for several batch sizes."""
    parser = argparse.ArgumentParser("python -m benchmarks.inference", description=__doc__)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--frames", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    torch.manual_seed(0)
    encoder = STGCN(bodies="all")
    with torch.no_grad():  # so that the batch norms have something to do
        for _ in range(3):
            encoder(torch.randn(8, 3, arguments.frames, 25, 2))
    plain, ours = PlainSTGCN(encoder.eval()).eval(), encoder.for_answers().eval()
    print(f"cpu, {torch.get_num_threads()} threads, {arguments.frames} frames, one person a window")
    for batch in arguments.batches:
        x = torch.randn(batch, 3, arguments.frames, 25, 2)
        x[..., 1] = 0
        present = torch.tensor([[True, False]]).repeat(batch, 1)
        with torch.inference_mode():
            wanted, got = plain(x), ours(x, present)
            error = float((wanted - got).abs().max() / wanted.abs().max())
            if error > 1e-4:
                raise SystemExit(f"features differ by {error:.1e}: not the same work")
            rounds = max(3, arguments.rounds * 4 // (3 + batch))
            slow, fast = _in_turn(lambda x=x: plain(x), lambda x=x, p=present: ours(x, p), rounds)
        ratio = statistics.median(a / b for a, b in zip(slow, fast, strict=True))
        print(
            f"batch {batch:3}: reference {statistics.median(slow) * 1e3:7.1f} ms, ours "
            f"{statistics.median(fast) * 1e3:7.1f} ms, ratio {ratio:.2f}, difference {error:.0e}"
        )


def _in_turn(
    one: Callable[[], Tensor], other: Callable[[], Tensor], rounds: int
) -> tuple[list[float], list[float]]:
    """Seconds of both, taken in turn after a warm-up."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 2):
        for call, taken in zip((one, other), times, strict=True):
            begin = time.perf_counter()
            call()
            if number >= 2:
                taken.append(time.perf_counter() - begin)
    return times


if __name__ == "__main__":
    main()
