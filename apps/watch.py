"""``pgfa-watch``: print what a ``pgfa-live`` publishes."""

import json
from datetime import datetime
from typing import Annotated, Any

import typer

from apps.cli import examples, make_app, run
from realtime.publishing import Subscriber

app = make_app("Print the messages of a pgfa-live as they come.")
_EXAMPLES = examples(
    "pgfa-watch tcp://127.0.0.1:5556",
    "pgfa-watch tcp://127.0.0.1:5556 --json --topic action. > actions.jsonl",
)


@app.command(epilog=_EXAMPLES)
def watch(
    endpoint: Annotated[str, typer.Argument(help="ZeroMQ endpoint that pgfa-live publishes on.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    topic: Annotated[
        list[str] | None,
        typer.Option(help="Only topics that begin so: window., action., status."),
    ] = None,
    count: Annotated[int | None, typer.Option(help="End after so many messages.", min=1)] = None,
    timeout: Annotated[
        float | None, typer.Option(help="End after so many seconds without a message.", min=0.0)
    ] = None,
) -> None:
    """Print messages until interrupted, then how many there were and whether any was missed."""
    received = 0
    with Subscriber(endpoint, topics=tuple(topic or [""]), timeout=timeout) as subscriber:
        try:
            for message in subscriber:
                print(json.dumps(message) if as_json else _line(message), flush=True)
                received += 1
                if received == count:
                    break
        except KeyboardInterrupt:
            pass
        gaps = sum(subscriber.gaps.values())
        malformed = f", {subscriber.malformed} malformed" if subscriber.malformed else ""
    typer.echo(f"pgfa-watch: {received} messages, {gaps} missed{malformed}", err=True)


def _line(message: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(message["t_publish"]).strftime("%H:%M:%S.%f")[:-3]
    head = f"{at} {message['stream']} {message['type']:<6} "
    match message["type"]:
        case "window":
            top = "  ".join(f"{label} {probability:.0%}" for label, probability in message["top"])
            return f"{head} #{message['track']} frame {message['frame']}: {top}"
        case "action":
            end = "" if message["t_end"] is None else f" - {message['t_end']:.1f} s"
            return (
                f"{head} #{message['track']} {message['phase']:<5} {message['label']} "
                f"({message['t_start']:.1f} s{end})"
            )
        case _:
            return (
                f"{head} {message['state']}: {message['frames']} frames, "
                f"{message['windows']} windows, {message['fps']:.1f} fps"
            )


def main() -> None:
    """Entry point."""
    run(app, "pgfa-watch")
