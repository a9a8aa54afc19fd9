"""``pgfa-live``: recognise actions from a camera, a stream, a file, a sensor or sent poses."""

from contextlib import ExitStack
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from apps.cli import Device, examples, make_app, run
from apps.report import print_summary, write_summary
from bank.errors import InputError
from realtime.display import choose_display
from realtime.frames import longest_gap
from realtime.pipeline import BankKeeper, Pipeline
from realtime.poses import PoseEstimator
from realtime.publishing import EventLog, Publisher
from realtime.recogniser import LENGTHS, STILL, Recogniser
from realtime.sources import RecordingWriter, open_source
from realtime.windows import Windower
from train.model import BUNDLED_CHECKPOINT
from train.text.encoder import cache_folder
from train.text.labels import read_labels

_DEMO = Path(str(files("apps") / "demo"))


class BankMode(StrEnum):
    """Choices of ``--bank-mode``."""

    ANCHORED = "anchored"
    EXACT = "exact"
    BOUNDED = "bounded"
    TEXT = "text"


class Pairs(StrEnum):
    """Choices of ``--pairs``."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


app = make_app("Recognise actions live: poses, windows, prototypes, ZeroMQ.")
_EXAMPLES = examples(
    "pgfa-live --demo",
    "pgfa-live --camera 0 --classes labels.txt",
    "pgfa-live --source exercise.mp4 --classes labels.txt --fast --events events.jsonl",
    "pgfa-live --source rtsp://camera/stream --classes labels.txt --headless",
)


@app.command(epilog=_EXAMPLES)
def live(
    camera: Annotated[int | None, typer.Option(help="Number of a webcam.", min=0)] = None,
    source: Annotated[
        str | None,
        typer.Option(
            help="Video, folder of pictures, *.poses, *.skeleton, stream URL, zmq+tcp://host:port, "
            "kinect-v2 or azure-kinect."
        ),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Play the bundled pose recording.")] = False,
    classes: Annotated[
        Path | None,
        typer.Option(help="One class a line: `name` or `name: description`; # begins a comment."),
    ] = None,
    checkpoint: Annotated[
        Path, typer.Option(help="Weights written by pgfa-train.", show_default="bundled")
    ] = BUNDLED_CHECKPOINT,
    text_encoder: Annotated[
        str | None,
        typer.Option(
            help="sentence-transformers model, by name or folder.", show_default="the checkpoint's"
        ),
    ] = None,
    publish: Annotated[
        str, typer.Option(help="ZeroMQ endpoint to publish on.")
    ] = "tcp://127.0.0.1:5556",
    no_publish: Annotated[bool, typer.Option("--no-publish", help="Publish nothing.")] = False,
    headless: Annotated[
        bool, typer.Option("--headless", help="Show nothing while running.")
    ] = False,
    max_seconds: Annotated[
        float | None, typer.Option(help="End after so many seconds.", min=0.0)
    ] = None,
    realtime: Annotated[
        bool | None,
        typer.Option(
            "--realtime/--fast",
            help="Play a file at its own speed, or as fast as it goes without dropping a frame.",
            show_default="--realtime with --demo, else --fast",
        ),
    ] = None,
    events: Annotated[
        Path | None, typer.Option(help="Append every message to this JSON Lines file.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Write the poses here, to be replayed with --source.")
    ] = None,
    alpha: Annotated[
        float, typer.Option(help="Tolerance margin of the prototype bank.", min=0.0, max=1.0)
    ] = 0.9,
    device: Annotated[Device, typer.Option(help="Where the network runs.")] = Device.AUTO,
    json_summary: Annotated[
        Path | None, typer.Option(help="Write the summary here as JSON.")
    ] = None,
    window: Annotated[float, typer.Option(help="Seconds looked back over at most.", min=0.1)] = max(
        LENGTHS
    ),
    stride: Annotated[float, typer.Option(help="Seconds between windows.", min=0.02)] = 0.2,
    still: Annotated[
        float,
        typer.Option(help="Metres per second under which a person is idle; 0: nobody is.", min=0.0),
    ] = STILL,
    bank_state: Annotated[
        Path | None,
        typer.Option(help="Go on with the bank in this file, and keep it there."),
    ] = None,
    save_every: Annotated[
        float, typer.Option(help="Seconds between saves of the bank.", min=0.1)
    ] = 30.0,
    bank_mode: Annotated[BankMode, typer.Option(help="How the bank learns.")] = (BankMode.ANCHORED),
    fps: Annotated[
        float | None,
        typer.Option(
            help="Frames per second of a folder or *.skeleton file.", min=0.1, show_default="30"
        ),
    ] = None,
    give_up: Annotated[
        float | None,
        typer.Option(
            help="End when a camera or stream was gone so many seconds.",
            min=0.0,
            show_default="never",
        ),
    ] = None,
    max_people: Annotated[int, typer.Option(help="People to look for.", min=1, max=8)] = 2,
    pairs: Annotated[
        Pairs,
        typer.Option(
            help="Whether the windows of two who stand near hold both; auto: if the weights were "
            "trained on clips of two."
        ),
    ] = Pairs.AUTO,
    pose_model: Annotated[
        Path | None, typer.Option(help="MediaPipe pose landmarker bundle (*.task).")
    ] = None,
    stream: Annotated[
        str | None, typer.Option(help="Name of the stream in topics.", show_default="from source")
    ] = None,
) -> None:
    """Recognise the classes of a label file in a live or recorded stream."""
    chosen = [camera is not None, source is not None, demo]
    if sum(chosen) != 1:
        raise InputError("give one of --camera N, --source PATH_OR_URL or --demo")
    if classes is None:
        if not demo:
            raise InputError("give --classes FILE: one class name a line, at least two")
        classes = _DEMO / "labels.txt"
    spec = str(_DEMO / "demo.poses") if demo else source if source is not None else camera
    assert spec is not None
    paced = demo if realtime is None else realtime

    _check_outputs(
        {"--classes": classes, "--checkpoint": checkpoint, "--source": Path(str(spec))},
        {
            "--events": events,
            "--record": record,
            "--json-summary": json_summary,
            "--bank-state": bank_state,
        },
    )
    # A window is small: a second thread saves a millisecond or two on an idle machine, and costs
    # hundreds when it must wait for a core that the pose model is using.
    torch.set_num_threads(1)
    labels = read_labels(classes)
    with ExitStack() as stack:
        opened = stack.enter_context(
            open_source(spec, realtime=paced, name=stream, fps=fps, give_up=give_up)
        )
        publisher = stack.enter_context(
            Publisher(None if no_publish else publish, stream=opened.name)
        )
        if publisher.endpoint is not None and publisher.endpoint != publish:
            typer.echo(f"publishing on {publisher.endpoint}", err=True)
        log = stack.enter_context(EventLog(events)) if events else None
        recording = (
            stack.enter_context(RecordingWriter(record, fps=opened.fps, aspect=opened.aspect))
            if record
            else None
        )
        recogniser = Recogniser(
            checkpoint,
            labels,
            alpha=alpha,
            device=device.value,
            cache=cache_folder(),
            mode=bank_mode.value,
            lengths=[*(length for length in LENGTHS if length < window), window],
            still=still,
            text_encoder=text_encoder,
        )
        keeper = None
        if bank_state is not None:
            keeper = stack.enter_context(BankKeeper(bank_state, save_every))
            recogniser.bank = (
                keeper.load(recogniser.text, alpha, bank_mode.value) or recogniser.bank
            )
        display = choose_display(headless)
        if display is not None:
            stack.callback(display.close)
        pipeline = Pipeline(
            opened,
            lambda: PoseEstimator(pose_model, max_people=max_people),
            recogniser,
            publisher,
            windower=Windower(
                length=window,
                stride=stride,
                max_gap=longest_gap(opened.fps),
                pairs=_paired(pairs, recogniser),
            ),
            display=display,
            recording=recording,
            log=log,
            keeper=keeper,
            max_seconds=max_seconds,
        )
        summary = pipeline.run()
    if json_summary is not None:
        write_summary(json_summary, summary)
    print_summary(Console(), summary)


def _paired(pairs: Pairs, recogniser: Recogniser) -> bool:
    """Whether windows hold two people."""
    if pairs is Pairs.ON and recogniser.bodies < 2:
        raise InputError("--pairs on: these weights take one body a window; leave --pairs out")
    return pairs is Pairs.ON or (pairs is Pairs.AUTO and recogniser.knows_pairs())


def _check_outputs(inputs: dict[str, Path], outputs: dict[str, Path | None]) -> None:
    """Refuse, before anything is played, what could not be written or would destroy an input."""
    taken = {path.resolve(): option for option, path in inputs.items()}
    for option, path in outputs.items():
        if path is None:
            continue
        if path.is_dir() or not path.resolve().parent.is_dir():
            raise InputError(
                f"{option} {path}: cannot be written; name a file in a folder there is"
            )
        if path.resolve() in taken:
            raise InputError(f"{option} {path}: is the file of {taken[path.resolve()]} too")
        taken[path.resolve()] = option


def main() -> None:
    """Entry point."""
    run(app, "pgfa-live")
