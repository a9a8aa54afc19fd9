"""A small run of our own, without files of others; as a program it trains, alone or launched.

python small_run.py FOLDER EPOCHS SECONDS_PER_EPOCH [FRAMEWORK,...]
"""

import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from train.encoders import make_encoder
from train.model import SkeletonModel
from train.training.distributed import make_accelerator, share_batch_norm
from train.training.learners import Alignment, Classification
from train.training.loop import train
from train.training.objective import make_objective
from train.training.options import TrainingOptions
from train.training.samples import Samples

TEXT = F.normalize(torch.eye(3, 8), dim=1)


class Texts:
    """Three classes that stand at right angles."""

    classes = TEXT
    may_mirror = torch.ones(3, dtype=torch.bool)

    def rows(self, generator):
        return TEXT

    def ids(self, labels, mirrored=None):
        return labels


def samples():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(24) % 3
    x = torch.randn(24, 3, 12, 25, 2, generator=generator) * 0.1
    x[:, 1, :, 11, 0] += labels[:, None] * 1.0  # how high the right hand is tells the class
    present = torch.tensor([[True, False]]).repeat(24, 1)
    present[::5, 1] = True  # so that processes hold different numbers of bodies
    x[..., 1] *= present[:, 1].view(-1, 1, 1, 1)
    return Samples(x, present, labels)


def new_model(dropout=0.0):
    torch.manual_seed(0)
    encoder = make_encoder("st-gcn", hidden_channels=8, out_channels=16, dropout=dropout)
    return SkeletonModel(encoder, 8)


def options(epochs, **changes):
    usual = {"batch": 8, "warmup": 1.0, "learning_rate": 0.02, "augmentation": None}
    return TrainingOptions(epochs=epochs, **{**usual, **changes})


def accuracy(model, data):
    answers = (model.encode(data.x, data.present) @ TEXT.T).argmax(1)
    return float((answers == data.labels).float().mean())


def learner_of(framework, model):
    if framework == "classify":
        return Classification(model.encoder, 3)
    if framework == "all":  # absent bodies count in the statistics
        model.encoder.bodies = "all"
    return Alignment(model, make_objective("paper"), fixed_encoder=framework == "fixed")


def first_step(framework, accelerator):
    """Loss, gradients and batch norm statistics of one step on 8 clips, in float32."""
    learner = learner_of(framework, new_model())
    share_batch_norm(learner, accelerator.device)
    network = accelerator.prepare(learner).train()
    data, share = samples(), 8 // accelerator.num_processes
    mine = slice(accelerator.process_index * share, (accelerator.process_index + 1) * share)
    loss = network(data.x[mine], data.present[mine], data.labels[mine], TEXT)
    accelerator.backward(loss)
    found = {name: p.grad for name, p in learner.named_parameters() if p.grad is not None}
    found |= {name: b.float() for name, b in learner.named_buffers() if "running" in name}
    return {**found, "loss": accelerator.reduce(loss.detach(), "mean")}


def main(framework, folder, epochs, seconds, accelerator, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    model = new_model(dropout=0.3 if seconds else 0.0)
    learner = learner_of(framework, model)

    def validate():
        time.sleep(seconds)
        return {"held_out_seen": accuracy(model, samples())}

    progress = train(
        learner,
        samples(),
        None if framework == "classify" else Texts(),
        options(epochs, **changes),
        folder,
        validate=validate,
        accelerator=accelerator,
    )
    if accelerator.is_main_process:
        save_file(learner.state_dict(), folder / "result.safetensors")
        torch.save([figures["loss"] for figures in progress.history], folder / "losses.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    root, epochs, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    accelerator = make_accelerator("cpu")
    if len(sys.argv) == 4:
        main("align", root, epochs, seconds, accelerator)
    else:
        # Small steps: rounding grows with every step, whatever its cause.
        for framework in sys.argv[4].split(","):
            step = first_step(framework, accelerator)
            if accelerator.is_main_process:
                torch.save(step, root.with_name(f"{framework}.pt"))
            main(framework, root / framework, epochs, seconds, accelerator, learning_rate=1e-3)
