"""How far our encoders are from the official networks, on the same weights and inputs.

    python -m benchmarks.parity [--reference ../shared/reference] [--device cpu]

Reads ``official_{stgcn,shiftgcn}_{ckpt.pt,parity.npz}`` and prints relative errors: the largest
absolute difference over the largest absolute value, of what the encoder gives and, where the
reference has it, of its projection to the text's dimension.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from train.device import resolve_device
from train.encoders import Encoder, make_encoder
from train.encoders.official import shift_gcn_from_official, st_gcn_from_official

BEYOND_THE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "reference"


def main() -> None:
    """Print one line a network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", type=Path, default=BEYOND_THE_CHECKOUT)
    parser.add_argument("--device", default="cpu", help="auto, cpu, cuda or mps")
    args = parser.parse_args()
    device = resolve_device(args.device)
    for name, file in (("st-gcn", "stgcn"), ("shift-gcn", "shiftgcn")):
        path = args.reference / f"official_{file}_ckpt.pt"
        weights = torch.load(path, weights_only=True)
        convert = st_gcn_from_official if name == "st-gcn" else shift_gcn_from_official
        encoder = make_encoder(name, bodies="all")
        encoder.load_state_dict(convert(weights["encoder"]))
        expected = np.load(args.reference / f"official_{file}_parity.npz")
        features = encode(encoder.to(device).eval(), torch.from_numpy(expected["x"]).to(device))
        line = f"{name:9} on {device}: encoder_out {error(features, expected['encoder_out']):.1e}"
        if "projected" in expected:
            adapter = weights["adapter"]
            projected = features @ adapter["adapter.weight"].T + adapter["adapter.bias"]
            line += f", projected {error(projected, expected['projected']):.1e}"
        print(line)


@torch.inference_mode()
def encode(encoder: Encoder, x: torch.Tensor) -> torch.Tensor:
    """(N, d) on the CPU."""
    features: torch.Tensor = encoder(x)
    return features.float().cpu()


def error(ours: torch.Tensor, theirs: np.ndarray) -> float:
    """Relative to the largest value."""
    return float(np.abs(ours.numpy() - theirs).max() / np.abs(theirs).max())


if __name__ == "__main__":
    main()
