"""A store of NTU-120's size: memory while it is built, seconds to open it.

    python -m benchmarks.store [--clips 114480] [--folder /somewhere/with/room]

The clips are made up but sized as NTU RGB+D 120's are (40 to 110 frames, a second body in one of
five; about 3 GB), so that the store is measured and not a parser. Each step runs in a process of
its own. References, in the same run: for building, writing the same number of bytes to one file;
for opening, reading the same table as CSV with the standard library.
"""

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from train.data.readers import ClipSource
from train.data.store import Store, build_store
from train.skeletons.clip import Clip
from train.skeletons.preprocess import Preprocessing

MIB = 2**20


class MadeUpNtu:
    """Clips cut out of one long made-up recording: cheap to make, of real sizes."""

    name = "made-up-ntu"

    def __init__(self, clips: int) -> None:
        rng = np.random.default_rng(0)
        self.clips = clips
        self.recording = rng.normal(0, 0.5, (4096, 2, 25, 3)).astype(np.float32)

    def find(self, root: Path) -> list[ClipSource]:
        """See :class:`train.data.readers.Reader`."""
        return [
            ClipSource(
                root / f"{index}.skeleton",
                f"S{index % 32:03}C{index % 3:03}P{index % 106:03}R{index:07}",
                f"action {index % 120}",
            )
            for index in range(self.clips)
        ]

    def read(self, source: ClipSource) -> Clip:
        """See :class:`train.data.readers.Reader`."""
        index = int(source.path.stem)
        frames = 40 + index * 31 % 71
        joints = self.recording[index % 3900 :][:frames, : 2 if index % 5 == 0 else 1]
        return Clip(
            joints=joints,
            times=np.arange(frames) / 30,
            name=source.name,
            label=source.label,
            dataset=self.name,
            subject=source.name[8:12],
            view=source.name[4:8],
        )


def peak_mib() -> float:
    """Largest resident memory of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MIB if sys.platform == "darwin" else peak / 1024


def step_build(folder: Path, clips: int) -> None:
    """Build, and write as many bytes plainly."""
    reader = MadeUpNtu(clips)
    before = peak_mib()
    report = build_store(folder / "store", reader, folder, progress=sys.stderr.isatty())
    speed = report.built / report.seconds
    print(f"built {report.built} clips in {report.seconds:.1f} s ({speed:.0f} clips/s)")
    print(f"peak memory {peak_mib():.0f} MiB, {before:.0f} of it before the build (bar: 2048)")

    wanted = (folder / "store" / "joints.f32").stat().st_size
    data = os.urandom(32 * MIB)
    begin = time.perf_counter()
    with (folder / "plain").open("wb") as file:
        for start in range(0, wanted, len(data)):
            file.write(data[: wanted - start])
            file.flush()
            os.fsync(file.fileno())
    plain = time.perf_counter() - begin
    (folder / "plain").unlink()
    print(f"plain writing of the same {wanted / 2**30:.2f} GiB: {plain:.1f} s", end=", ")
    print(f"the build takes {report.seconds / plain:.1f} x as long")


def step_open(folder: Path, _: int) -> None:
    """Open, and read the same table as CSV."""
    begin = time.perf_counter()
    store = Store.open(folder / "store")
    labels = store.table.label
    opened = time.perf_counter() - begin
    begin = time.perf_counter()
    clip = store.clip(len(store) // 2)
    first = time.perf_counter() - begin

    table = store.table
    columns = (table.clip, labels, table.subject, table.view, table.dataset, table.frames)
    with (folder / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows(zip(*(column.tolist() for column in columns), strict=True))
    begin = time.perf_counter()
    with (folder / "table.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    reference = time.perf_counter() - begin
    print(f"opened {len(store)} clips in {opened * 1e3:.0f} ms (bar: 1000), ", end="")
    print(f"first clip ({clip.name}) {first * 1e3:.1f} ms later")
    print(f"csv reader over the same {len(rows)} rows: {reference * 1e3:.0f} ms, ", end="")
    print(f"{reference / opened:.1f} x as long")


def step_prepare(folder: Path, clips: int) -> None:
    """Prepare clips from all over the store, then read them back."""
    store = Store.open(folder / "store")
    some = np.random.default_rng(1).permutation(clips)[:8192]
    for what in ("prepared", "read back"):
        begin = time.perf_counter()
        total = sum(len(chunk) for chunk in store.prepared_chunks(Preprocessing(), some))
        spent = time.perf_counter() - begin
        print(f"{what} {total} clips: {spent:.1f} s ({total / spent:.0f} clips/s)")


STEPS = {"build": step_build, "open": step_open, "prepare": step_prepare}


def main() -> None:
    """Run the steps, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=114_480)
    parser.add_argument("--folder", type=Path, help="where there is room for 4 GB")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        STEPS[options.step](options.folder, options.clips)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for step in STEPS:
            command = [sys.executable, __file__, "--step", step, "--folder", folder]
            subprocess.run([*command, "--clips", str(options.clips)], check=True)


if __name__ == "__main__":
    main()
