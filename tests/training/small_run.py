"""A small run of our own, without files of others; as a program it trains, alone or launched.

python small_run.py FOLDER EPOCHS BATCH SECONDS_PER_EPOCH FRAMEWORK
"""

import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from train.encoders import make_encoder
from train.model import SkeletonModel
from train.training.distributed import make_accelerator
from train.training.learners import Alignment, Classification
from train.training.loop import Stopped, train
from train.training.objective import make_objective
from train.training.options import TrainingOptions
from train.training.samples import Samples

TEXT = F.normalize(torch.eye(3, 8), dim=1)


class Texts:
    """Three classes that stand at right angles."""

    def __init__(self, dtype=torch.float32):
        self.text = TEXT.to(dtype)

    may_mirror = torch.ones(3, dtype=torch.bool)

    def rows(self, generator):
        return self.text

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
    return Alignment(model, make_objective("paper"), fixed_encoder=framework == "fixed")


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder, framework = Path(sys.argv[1]), sys.argv[5]
    epochs, batch, seconds = int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    folder.mkdir(parents=True, exist_ok=True)
    accelerator = make_accelerator("cpu")
    model = new_model(dropout=0.3 if seconds else 0.0)
    learner = learner_of(framework, model).double()  # what is equal is then seen to be equal
    data = samples()
    data = Samples(data.x.double(), data.present, data.labels)

    def validate():
        time.sleep(seconds)
        return {"held_out_seen": accuracy(model, data)} if framework != "classify" else {}

    try:
        train(
            learner,
            data,
            None if framework == "classify" else Texts(torch.float64),
            options(epochs, batch=batch),
            folder,
            validate=validate,
            accelerator=accelerator,
        )
    except Stopped as stopped:
        print(stopped)
        sys.exit(143)
    if accelerator.is_main_process:
        save_file(learner.state_dict(), folder / "result.safetensors")
