"""A small dataset of our own and its reader; as a program it builds a store from it.

python made_up.py STORE FOLDER SECONDS_PER_CLIP
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from bank.errors import InputError
from train.data.readers import ClipSource
from train.data.store import build_store
from train.skeletons.clip import Clip


class MadeUp:
    """Clips as JSON files ``{label, subject, seed, frames, bodies}``; ``broken`` cannot be read."""

    def __init__(self, name: str = "made-up", seconds: float = 0.0) -> None:
        self.name = name
        self.seconds = seconds

    def find(self, root: Path) -> list[ClipSource]:
        if not root.is_dir():
            raise InputError(f"{root}: no such folder")
        return [
            ClipSource(path, path.stem, json.loads(path.read_text()).get("label", ""))
            for path in sorted(root.rglob("*.json"))
        ]

    def read(self, source: ClipSource) -> Clip:
        time.sleep(self.seconds)
        facts = json.loads(source.path.read_text())
        if "broken" in facts:
            raise InputError(f"{source.name}: {facts['broken']}")
        rng = np.random.default_rng(facts["seed"])
        joints = rng.normal(0, 1, (facts["frames"], facts["bodies"], 25, 3)).astype(np.float32)
        if facts["bodies"] == 2:
            joints[: facts["frames"] // 2, 1] = np.nan
        return Clip(
            joints=joints,
            times=np.cumsum(rng.uniform(0.01, 0.05, facts["frames"])),
            name=source.name,
            label=facts["label"],
            dataset=self.name,
            subject=facts["subject"],
            view="front" if facts["seed"] % 2 else "side",
        )


def make_dataset(folder: Path, clips: int = 20, broken: tuple[int, ...] = (3, 11)) -> Path:
    """Write the files of a dataset with some clips that cannot be read."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(clips):
        facts: dict[str, object] = {
            "label": ("wave", "bow", "jump")[seed % 3],
            "subject": str(1 + seed % 4),
            "seed": seed,
            "frames": 1 + seed * 7 % 40,
            "bodies": 1 + seed % 2,
        }
        if seed in broken:
            facts["broken"] = "cut short in frame 7"
        (folder / f"clip{seed:03}.json").write_text(json.dumps(facts))
    return folder


if __name__ == "__main__":
    build_store(Path(sys.argv[1]), MadeUp(seconds=float(sys.argv[3])), Path(sys.argv[2]), chunk=3)
