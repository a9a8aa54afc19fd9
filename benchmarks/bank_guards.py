"""What each guard of the anchored mode brings, on a feature file or a synthetic one.

    python -m benchmarks.bank_guards [FEATURES] [--streams iid unknown] [--orders 4]

Every line switches one guard the other way; differences are points against text alone over the
same orders.
`kept` is the share of the two passes' gain, over the stream, over its second half, and settled.
"""

import argparse
import sys
from pathlib import Path

import torch

sys.path[0] = str(Path(__file__).resolve().parents[1])  # in its own folder bank.py hides the room
from bank import Guards  # noqa: E402
from train.evaluation.streams.contenders import guarded, other_guards  # noqa: E402
from train.evaluation.streams.features import load_features  # noqa: E402
from train.evaluation.streams.orders import stream_names  # noqa: E402
from train.evaluation.streams.progressive import evaluate_stream  # noqa: E402
from train.evaluation.streams.synthetic import Recipe, synthetic  # noqa: E402

VARIANTS = {"default": Guards(), **other_guards()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("features", type=Path, nargs="?", help="default: synthetic, seed 21")
    parser.add_argument("--streams", nargs="+", choices=stream_names(), default=["iid", "unknown"])
    parser.add_argument("--guards", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--orders", type=int, default=4)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = load_features(options.features) if options.features else synthetic(Recipe(seed=21))
    makers = {name: guarded(VARIANTS[name]) for name in options.guards}
    for name in options.streams:
        figures = evaluate_stream(data, name, makers, orders=options.orders)
        text, best = figures.pop("text"), figures.pop("two-pass")
        gain = (best.whole - text.whole).mean()
        late = (best.second_half - text.second_half).mean()
        print(f"{name}: text {text.whole.mean():.1%}, two passes {best.whole.mean():.1%}")
        for guards, one in figures.items():
            more = one.whole - text.whole
            kept = (
                more.mean() / gain,
                (one.second_half - text.second_half).mean() / late,
                (one.settled - text.whole).mean() / gain,
            )
            print(
                f"  {guards:12} {100 * more.mean():+5.1f} worst {100 * more.min():+5.1f}   kept "
                + " ".join(f"{share:5.0%}" for share in kept)
                + f"   gate's AUROC {one.auroc.mean():.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
