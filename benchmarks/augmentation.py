"""Processor time that augmentation takes of a batch, and its share of a training step.

    python -m benchmarks.augmentation [--batch 64] [--steps 3]

One thread on the CPU, windows of 50 frames with one body in two places, as the Kinect sets have
them. The step it is set against is forward, backward and SGD of ST-GCN on the same batch in the
same run. Processor time of the one thread counts, so that a busy machine disturbs less.
"""

import argparse
import time
from dataclasses import fields, replace

import torch
from torch import Tensor
from torch.utils.benchmark import Timer

from train.encoders import make_encoder
from train.model import SkeletonModel
from train.skeletons.joints import SPINE_SHOULDER
from train.training.augment import NAMED, Augmentation


def windows(batch: int, frames: int = 50) -> tuple[Tensor, Tensor]:
    """One-body windows: x and present."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch, 3, frames, 25, 2, generator=generator) * 0.3
    x[..., SPINE_SHOULDER, :] = 0
    x[..., 1] = 0
    return x, torch.tensor([[True, False]]).repeat(batch, 1)


def step_seconds(x: Tensor, present: Tensor, steps: int) -> float:
    """Median seconds of a training step without any augmentation."""
    model = SkeletonModel(make_encoder("st-gcn"), 384).train()
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-4)

    def step() -> None:
        optimiser.zero_grad()
        model(x, present).square().mean().backward()
        optimiser.step()

    step()
    timer = Timer("step()", globals={"step": step}, timer=time.process_time)
    return float(timer.timeit(steps).median)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=3, help="training steps that are timed")
    args = parser.parse_args()
    torch.set_num_threads(1)
    x, present = windows(args.batch)
    step = step_seconds(x, present, args.steps)
    print(f"a step without augmentation: {step * 1000:.0f} ms\n")
    print("| augmentation | ms | of a step |\n| --- | ---: | ---: |")
    none, strong = NAMED["none"], NAMED["webcam"]
    alone = {
        field.name: replace(none, **{field.name: getattr(strong, field.name)})
        for field in fields(Augmentation)
        if field.name != "missing_legs"
    }
    for name, change in {**alone, **{f"**{name}**": a for name, a in NAMED.items()}}.items():
        generator = torch.Generator().manual_seed(0)
        names = {"change": change, "x": x, "present": present, "generator": generator}
        timer = Timer("change(x, present, generator)", globals=names, timer=time.process_time)
        spent = timer.blocked_autorange(min_run_time=0.3).median
        print(f"| {name} | {spent * 1000:.1f} | {spent / step:.1%} |")


if __name__ == "__main__":
    main()
