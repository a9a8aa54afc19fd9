"""Damage files at random and read them: only clips and InputErrors may come out, and quickly.

    python -m benchmarks.fuzz_readers [--seconds 60] [--runs 1000000] [--seed 0] \
        [--samples folder/with/skeleton/files] [--bvh folder/with/bvh/files]

Runs over the ``.skeleton``, PKU-MMD (skeletons and labels) and BVH readers, on made-up files and,
where folders are given, on the first frames of real ones. A run that takes longer than ten seconds
or raises anything else ends the program with its input kept. Prints runs and how they ended; for
scale, the slowest run beside the time that an undamaged file takes.
"""

import argparse
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bank.errors import InputError
from train.data.readers import ClipSource, reader
from train.skeletons.clip import Clip

LIMIT_S = 10
TOKENS = (
    b"0", b"-1", b"25", b"999999999999", b"1e308", b"-1e39", b"nan", b"inf", b"0x10", b"1_0",
    b"\r", b"\n", b"\r\n", b"\t", b" ", b"\0", b"\xff\xfe", b"\xe2\x80\xa8", b"\xc2\xa0", b",",
    b"{", b"}", b"MOTION", b"End Site", b"\xd9\xa3",
)  # fmt: skip


def skeleton_file(rng: np.random.Generator) -> bytes:
    """A small ``.skeleton`` file."""
    frames = int(rng.integers(1, 4))
    lines = [str(frames)]
    for _ in range(frames):
        bodies = int(rng.integers(0, 4))
        lines.append(str(bodies))
        for _ in range(bodies):
            lines += ["72057594037931101 0 1 1 1 1 0 0.02 0.05 2", "25"]
            lines += [
                " ".join(f"{v:.6g}" for v in row) + " 2" for row in rng.uniform(-2, 4, (25, 11))
            ]
    return "\r\n".join(lines).encode() + b"\r\n"


def pku_file(rng: np.random.Generator) -> bytes:
    """A small PKU-MMD recording."""
    rows = rng.uniform(-2, 4, (int(rng.integers(1, 8)), 150))
    return "\n".join(" ".join(f"{v:.6g}" for v in row) for row in rows).encode() + b"\n"


def label_file(rng: np.random.Generator) -> bytes:
    """A PKU-MMD label file."""
    rows = rng.integers(0, 60, (int(rng.integers(1, 6)), 4))
    return "\n".join(",".join(map(str, row)) for row in rows).encode() + b"\n"


def bvh_file(rng: np.random.Generator) -> bytes:
    """A BVH file with the joints of Mixamo."""
    chains = [
        ["Spine1", "Neck", "Head"],
        *([f"{s}Arm", f"{s}ForeArm", f"{s}Hand"] for s in ("Left", "Right")),
        *([f"{s}UpLeg", f"{s}Leg", f"{s}Foot", f"{s}ToeBase"] for s in ("Left", "Right")),
    ]
    text = "HIERARCHY\nROOT Hips\n{\nOFFSET 0 0 0\n"
    text += "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation\n"
    for chain in chains:
        for name in chain:
            x, y, z = rng.uniform(0.2, 0.4, 3)
            text += f"JOINT {name}\n{{\nOFFSET {x} {y} {z}\n"
            text += "CHANNELS 3 Zrotation Xrotation Yrotation\n"
        text += "End Site\n{\nOFFSET 0 0.1 0\n}\n" + "}\n" * len(chain)
    frames = int(rng.integers(1, 5))
    channels = 6 + 3 * sum(map(len, chains))
    text += f"}}\nMOTION\nFrames: {frames}\nFrame Time: 0.033\n"
    for row in rng.uniform(-180, 180, (frames, channels)):
        text += " ".join(f"{v:.3f}" for v in row) + "\n"
    return text.encode()


def damage(data: bytes, rng: np.random.Generator) -> bytes:
    """The bytes with one to three random edits."""
    for _ in range(int(rng.integers(1, 4))):
        start = int(rng.integers(0, len(data) + 1))
        stop = start + int(rng.integers(1, 2 ** int(rng.integers(1, 12))))
        token = TOKENS[rng.integers(len(TOKENS))]
        match rng.integers(8):
            case 0:
                data = data[:start]
            case 1:
                data = data[:start] + data[stop:]
            case 2:
                data = data[:start] + token + data[start:]
            case 3:
                data = data[:start] + token + data[start + len(token) :]
            case 4:
                data = data[:stop] + data[start:]
            case 5:
                data = data[:start] + rng.bytes(8) + data[start:]
            case 6:
                line = data.rfind(b"\n", 0, start) + 1
                data = data[:line] + token + data[line + len(token) :]
            case _:
                data = data.replace(token, TOKENS[rng.integers(len(TOKENS))], 1)
    return data


class Target:
    """One kind of file: how to make one and how to read it."""

    def __init__(
        self, name: str, make: Callable[[np.random.Generator], bytes], real: list[bytes]
    ) -> None:
        self.name, self.make, self.real = name, make, real

    def data(self, rng: np.random.Generator) -> bytes:
        """An undamaged file, a real one now and then."""
        if self.real and rng.integers(4) == 0:
            return self.real[rng.integers(len(self.real))]
        return self.make(rng)

    def read(self, data: bytes, folder: Path) -> list[Clip | InputError]:
        """What the reader makes of it."""
        if self.name == "pku-mmd labels":
            return self._read_labels(data, folder)
        path = folder / "input"
        path.write_bytes(data)
        end = 5 if self.name == "pku-mmd" else None
        return [_read(self.name, ClipSource(path, "input", "", end=end))]

    def _read_labels(self, data: bytes, folder: Path) -> list[Clip | InputError]:
        for name, content in (("label", data), ("skeleton", RECORDING)):
            (folder / name).mkdir(exist_ok=True)
            (folder / name / "0002-L.txt").write_bytes(content)
        try:
            sources = reader("pku-mmd").find(folder)
        except InputError as error:
            return [error]
        return [_read("pku-mmd", source) for source in sources]


RECORDING = pku_file(np.random.default_rng(1))


def _read(name: str, source: ClipSource) -> Clip | InputError:
    try:
        return reader(name).read(source)
    except InputError as error:
        return error


def check(result: Clip | InputError) -> str:
    """How a run ended; raises AssertionError on what must not come out."""
    if isinstance(result, InputError):
        assert "\n" not in str(result), "an error message of several lines"
        return "refused"
    finite = result.joints[np.isfinite(result.joints)]
    assert finite.size and np.abs(finite).max() < 1000, "joints that are in no room"
    return "read"


def short_skeleton(data: bytes, frames: int = 3) -> bytes:
    """The first frames of a ``.skeleton`` file, as a whole file."""
    lines = data.splitlines()
    at = 1
    for _ in range(frames):
        at += 1 + 27 * int(lines[at])
    return b"\r\n".join([b"%d" % frames, *lines[1:at]]) + b"\r\n"


def short_bvh(data: bytes, frames: int = 3) -> bytes:
    """The first frames of a BVH file, as a whole file."""
    lines = data.splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith(b"Frames"))
    return b"\n".join([*lines[:at], b"Frames: %d" % frames, *lines[at + 1 : at + 2 + frames]])


def real_files(folder: Path | None, pattern: str, shorten: Callable[[bytes], bytes]) -> list[bytes]:
    """Some real files, shortened."""
    if folder is None:
        return []
    return [shorten(path.read_bytes()) for path in sorted(folder.rglob(pattern))[:50]]


def main() -> int:
    """Run; 0 if nothing but clips and InputErrors came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=Path, help="folder of real .skeleton files")
    parser.add_argument("--bvh", type=Path, help="folder of real .bvh files")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    targets = [
        Target("ntu120", skeleton_file, real_files(options.samples, "*.skeleton", short_skeleton)),
        Target("pku-mmd", pku_file, []),
        Target("pku-mmd labels", label_file, []),
        Target("bvh", bvh_file, real_files(options.bvh, "*.bvh", short_bvh)),
    ]
    ended: dict[str, Counter[str]] = {target.name: Counter() for target in targets}
    slowest = dict.fromkeys(ended, 0.0)
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(TimeoutError("it hangs")))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = {}
        for target in targets:
            begin = time.perf_counter()
            target.read(target.make(np.random.default_rng(0)), folder)
            begin = time.perf_counter()
            target.read(target.make(np.random.default_rng(0)), folder)
            whole[target.name] = time.perf_counter() - begin
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.monotonic()
        runs = 0
        while runs < options.runs and time.monotonic() - start < options.seconds:
            target = targets[runs % len(targets)]
            data = damage(target.data(rng), rng)
            signal.alarm(LIMIT_S)
            begin = time.perf_counter()
            try:
                results = target.read(data, folder)
                ended[target.name].update(map(check, results))
            except Exception:
                signal.alarm(0)
                traceback.print_exc()
                kept = Path(tempfile.gettempdir()) / f"fuzz-{options.seed}-{runs}"
                kept.write_bytes(data)
                print(f"FAILED: {target.name}, run {runs}; its input is in {kept}")
                return 1
            finally:
                signal.alarm(0)
            slowest[target.name] = max(slowest[target.name], time.perf_counter() - begin)
            runs += 1
        seconds = time.monotonic() - start
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    for name, counts in ended.items():
        print(
            f"{name:15} {counts['read']:8} read {counts['refused']:8} refused   slowest "
            f"{slowest[name] * 1e3:7.1f} ms = {slowest[name] / whole[name]:.1f} x a whole file"
        )
    print(
        f"{runs} runs in {seconds:.0f} s, nothing else came out; memory grew {growth / 1024:.0f} MB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
