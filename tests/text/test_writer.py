"""Against a real server on loopback that speaks the protocol."""

import json
import shutil
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from apps.describe import describe
from bank.errors import InputError
from train.text.chat import ChatModel
from train.text.descriptions import read_descriptions
from train.text.labels import Label, read_labels
from train.text.writer import PROMPTS, DescriptionLog, prompt, written

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-very-secret-4711"
HANG_UP = object()


def completion(content, **choice):
    message = {"role": "assistant", "content": content}
    return {"object": "chat.completion", "choices": [{"index": 0, "message": message, **choice}]}


class Model(ThreadingHTTPServer):
    """Answers `script` entry by entry, then every question with the class it asks for.

    An entry is a status with a document (bytes, or an object that becomes JSON) and headers.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = []
        self.questions = []
        self.headers_seen = []
        self.paths = []

    def handle_error(self, *_):
        """A client that went away is part of the tests; nobody needs its traceback."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        (message,) = request["messages"]
        assert message["role"] == "user"
        assert request["model"]
        server.questions.append(message["content"])
        server.headers_seen.append(dict(self.headers))
        server.paths.append(self.path)
        entry = server.script.pop(0) if server.script else None
        if entry is HANG_UP:
            return
        status, document, headers = entry or (200, completion(echo(message["content"])), {})
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def echo(question):
    label = question.partition("labeled ")[2].partition(" in a video")[0]
    return f"How one does\n\t{label}."


@pytest.fixture
def server():
    with Model() as model:
        thread = threading.Thread(target=model.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield model
        model.shutdown()
        thread.join()


def chat(server, **settings):
    return ChatModel(server.url, "tiny", **{"first_pause": 0.01, "timeout": 5, **settings})


def cli():
    app = typer.Typer()
    app.command("describe")(describe)
    return app


def run(server, labels, *options, **environment):
    arguments = [str(labels), "--endpoint", server.url, "--model", "tiny", *map(str, options)]
    return CliRunner().invoke(cli(), arguments, env=environment)


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_the_skeleton_prompt_is_that_of_the_paper(shared):
    paper = " ".join((shared / "paper" / "pgfa-paper.txt").read_text(encoding="utf-8").split())
    assert PROMPTS["skeleton"] in paper


@pytest.mark.parametrize("style", PROMPTS)
def test_every_prompt_asks_for_the_class(style):
    assert "high five" in prompt("high five", style)
    assert "[CLASS]" not in prompt("high five", style)


def test_an_unknown_style_is_refused():
    with pytest.raises(InputError, match="no prompt for style 'haiku'"):
        prompt("bow", "haiku")


def test_a_single_label_is_enough_where_none_has_to_be_told_apart(tmp_path):
    path = write(tmp_path / "labels.txt", "bow\n")
    assert read_labels(path, least=1) == [Label("bow")]
    with pytest.raises(InputError, match="only one class"):
        read_labels(path)
    with pytest.raises(InputError, match="no classes"):
        read_labels(write(path, "#\n"), least=1)


def test_labels_become_a_description_file_on_stdout(server, tmp_path):
    labels = write(tmp_path / "labels.txt", "wave\nhigh  five: with a friend # both\ngrüßen\n")
    done = run(server, labels)
    assert done.exit_code == 0, done.output
    described = read_descriptions(write(tmp_path / "out.tsv", done.stdout))
    assert described == {
        "wave": ("How one does wave.",),
        "high five": ("How one does high five.",),
        "grüßen": ("How one does grüßen.",),
    }
    assert server.questions[0] == prompt("wave", "skeleton")
    assert set(server.paths) == {"/v1/chat/completions"}
    assert "Authorization" not in server.headers_seen[0]


def test_the_key_goes_to_the_endpoint_and_nowhere_else(server, tmp_path):
    labels = write(tmp_path / "labels.txt", "bow\n")
    options = ("--api-key-env", "MY_KEY", "--out", tmp_path / "out.tsv", "--style", "complete")
    done = run(server, labels, *options, MY_KEY=KEY)
    assert done.exit_code == 0, done.output
    assert server.headers_seen[0]["Authorization"] == f"Bearer {KEY}"
    assert server.questions == [prompt("bow", "complete")]
    assert KEY not in done.output + (tmp_path / "out.tsv").read_text()
    assert KEY not in repr(chat(server, key=KEY))


def test_a_busy_server_is_asked_again(server):
    server.script = [
        (429, {"error": {"message": "slow down"}}, {"Retry-After": "0"}),
        (503, b"<html>overloaded</html>", {}),
        HANG_UP,
        (200, b'{"choices"', {"Content-Length": "500", "Connection": "close"}),
    ]
    assert [label for label, _ in written(["bow"], "parts", chat(server))] == ["bow"]
    assert len(server.questions) == 5
    assert len(set(server.questions)) == 1


def test_pauses_double_and_a_server_may_name_its_own(server, monkeypatch):
    pauses, asking, sleep = [], threading.current_thread(), time.sleep

    def pause(seconds):  # threads of other tests may sleep as well
        if threading.current_thread() is asking:
            pauses.append(seconds)
        else:
            sleep(seconds)

    monkeypatch.setattr("train.text.chat.time.sleep", pause)
    server.script = [(500, {}, {})] * 3 + [
        (429, {}, {"Retry-After": "7"}),
        (429, {}, {"Retry-After": "86400"}),
    ]
    chat(server, first_pause=1.0).ask("labeled bow in a video")
    assert 1 <= pauses[0] <= 1.25 and 2 <= pauses[1] <= 2.5 and 4 <= pauses[2] <= 5
    assert pauses[3:] == [7, 60]


def test_a_server_that_keeps_failing_is_given_up(server):
    server.script = [(500, {"error": "out of memory"}, {})] * 3
    with pytest.raises(InputError, match="tried 3 times, in the end HTTP 500: out of memory"):
        chat(server, retries=2).ask("bow")
    assert len(server.questions) == 3


ERRORS = {
    "not JSON": ((200, b"<html>hello</html>", {}), "its answer is not JSON"),
    "other JSON": ((200, {"answer": 42}, {}), "holds no text"),
    "a list": ((200, [], {}), "holds no text"),
    "no choices": ((200, {"choices": []}, {}), "holds no text"),
    "a number": ((200, completion(3), {}), "holds no text"),
    "nested": ((200, b"[" * 200_000, {}), "its answer is not JSON"),
    "empty": ((200, completion("  \n"), {}), "empty answer"),
    "refusal": ((200, completion(None), {}), "empty answer"),
    "only thought": ((200, completion("<think>well, a bow"), {}), "empty answer"),
    "cut off": ((200, completion("A bow is", finish_reason="length"), {}), "cut off"),
    "error as success": ((200, {"error": {"message": "no credit"}}, {}), "no credit"),
    "key": ((401, {"error": {"message": f"bad key {KEY}"}}, {}), "key was refused .HTTP 401"),
    "model": (
        (404, {"error": {"message": "model 'tiny' not found"}}, {}),
        "has no model 'tiny': model 'tiny' not found",
    ),
    "path": ((404, b"404 page not found", {}), "no chat completions there"),
    "question": (
        (400, {"error": {"message": f"bad\n\x1b[31m {KEY}"}}, {}),
        r"400: bad .31m \*\*\*",
    ),
    "elsewhere": (
        (307, b"", {"Location": "http://other/v1?k=1"}),
        "redirects to 'http://other/v1'",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_cannot_pass_ends_at_once_with_one_line(server, case):
    entry, complaint = ERRORS[case]
    server.script = [entry]
    with pytest.raises(InputError, match=complaint) as error:
        chat(server, key=KEY).ask("bow")
    assert len(server.questions) == 1
    assert "\n" not in str(error.value)
    assert KEY not in str(error.value)
    assert server.url in str(error.value)


def test_thoughts_are_no_part_of_the_answer(server):
    server.script = [(200, completion("<think>hm\n</think>\n\nThe trunk tilts."), {})]
    assert chat(server).ask("bow") == "The trunk tilts."


def test_what_no_file_can_hold_is_folded(server, tmp_path):
    server.script = [(200, completion("up\u2028and\x00down\ud800\r\n\tagain"), {})]
    ((label, text),) = written(["bow"], "skeleton", chat(server))
    assert (label, text) == ("bow", "up and down again")


def test_an_answer_that_takes_too_long_is_a_failure(server, monkeypatch):
    release = threading.Event()
    monkeypatch.setitem(globals(), "echo", lambda question: release.wait(5) and "late")
    try:
        with pytest.raises(InputError, match=r"tried once, in the end no whole answer within 0.2"):
            chat(server, timeout=0.2, retries=0).ask("bow")
    finally:
        release.set()


def test_an_answer_in_drops_is_held_to_the_same_limit(server, monkeypatch):
    def drip(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        for _ in range(40):
            time.sleep(0.05)
            self.wfile.write(b" ")

    monkeypatch.setattr(Handler, "do_POST", drip)
    with pytest.raises(InputError, match="no whole answer within"):
        chat(server, timeout=0.3, retries=0).ask("bow")


def test_nobody_at_the_endpoint():
    with Model() as gone:
        url = gone.url
    with pytest.raises(InputError, match=r"cannot be reached .*is the server running"):
        ChatModel(url, "tiny").ask("bow")


def test_tls_where_none_is_spoken(server):
    with pytest.raises(InputError, match=r"no TLS connection .*http:// address"):
        ChatModel(server.url.replace("http:", "https:"), "tiny").ask("bow")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate")
def test_a_certificate_that_nobody_vouches_for(server, tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with Model() as secure:
        secure.socket = context.wrap_socket(secure.socket, server_side=True)
        thread = threading.Thread(target=secure.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with pytest.raises(InputError, match="certificate is not trusted"):
                ChatModel(secure.url.replace("http:", "https:"), "tiny").ask("bow")
        finally:
            secure.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "url",
    ["", "localhost:80/v1", "ftp://host/v1", "http://", "http://u:p@host/v1", "http://h:x/v1",
     "http://a..b/v1", "http://h/a b", "http://[::1/v1"],
)  # fmt: skip
def test_addresses_that_are_none(url):
    with pytest.raises(InputError, match="--endpoint takes an address") as error:
        ChatModel(url, "tiny")
    assert "u:p" not in str(error.value)


def test_the_full_address_and_a_query_are_kept(server):
    model = ChatModel(f"{server.url}/chat/completions/?version=1", "tiny")
    model.ask("labeled bow in a video")
    assert server.paths == ["/v1/chat/completions?version=1"]
    assert "version" not in model.address


def test_keys_that_are_none(server, tmp_path):
    with pytest.raises(InputError, match="API key") as error:
        chat(server, key="sk-\n4711")
    assert "4711" not in str(error.value)
    labels = write(tmp_path / "labels.txt", "bow\n")
    done = run(server, labels, "--api-key-env", "NO_SUCH_KEY")
    assert isinstance(done.exception, InputError)
    assert "no NO_SUCH_KEY" in str(done.exception)
    assert not server.questions


def test_a_run_that_broke_off_goes_on_where_it_was(server, tmp_path):
    labels = write(tmp_path / "labels.txt", "wave\nbow\njump\nclap\n")
    out = tmp_path / "out.tsv"
    fine = [(200, completion(f"Text {n}."), {}) for n in range(2)]
    server.script = [*fine, (200, b"garbage", {})]
    broken = run(server, labels, "--out", out)
    assert isinstance(broken.exception, InputError)
    assert "asked for 'jump'" in str(broken.exception)
    assert read_descriptions(out) == {"wave": ("Text 0.",), "bow": ("Text 1.",)}

    first = out.read_bytes()
    server.questions.clear()
    assert run(server, labels, "--out", out).exit_code == 0
    assert server.questions == [prompt("jump", "skeleton"), prompt("clap", "skeleton")]
    assert out.read_bytes().startswith(first)
    assert list(read_descriptions(out)) == ["wave", "bow", "jump", "clap"]

    server.questions.clear()
    assert run(server, labels, "--out", out).exit_code == 0
    assert not server.questions


def test_a_run_that_was_killed_goes_on_where_it_was(server, tmp_path, monkeypatch):
    labels, out = write(tmp_path / "labels.txt", "wave\nbow\njump\n"), tmp_path / "out.tsv"
    reached, release = threading.Event(), threading.Event()

    def stall(question):
        if "labeled jump" in question and not release.is_set():
            reached.set()
            release.wait(20)
        return "Some movement."

    monkeypatch.setitem(globals(), "echo", stall)
    code = "import typer; from apps.describe import describe; typer.run(describe)"
    command = [sys.executable, "-c", code, labels, "--endpoint", server.url, "--model", "tiny"]
    with subprocess.Popen([*map(str, command), "--out", str(out)], cwd=ROOT) as program:
        try:
            assert reached.wait(30)
        finally:
            program.kill()
            release.set()
    assert list(read_descriptions(out)) == ["wave", "bow"]
    server.questions.clear()
    assert run(server, labels, "--out", out).exit_code == 0
    assert server.questions == [prompt("jump", "skeleton")]
    assert list(read_descriptions(out)) == ["wave", "bow", "jump"]


def test_a_torn_last_line_is_asked_for_again_and_not_lost(server, tmp_path):
    out = tmp_path / "out.tsv"
    out.write_bytes("wave\tOne arm.\nWAVE\tAnother.\nbow\tThe trunk grü".encode()[:-1])
    done = run(server, write(tmp_path / "labels.txt", "Wave\nbow\n"), "--out", out)
    assert done.exit_code == 0, done.output
    assert server.questions == [prompt("bow", "skeleton")]
    assert read_descriptions(out)["bow"] == ("How one does bow.",)
    assert "# cut short: bow\tThe trunk gr" in out.read_text()


def test_styles_are_not_mixed_in_one_file(server, tmp_path):
    labels, out = write(tmp_path / "labels.txt", "bow\n"), tmp_path / "out.tsv"
    assert run(server, labels, "--out", out).exit_code == 0
    done = run(server, labels, "--out", out, "--style", "parts")
    assert isinstance(done.exception, InputError)
    assert "of style 'skeleton'; choose another --out for 'parts'" in str(done.exception)


def test_files_that_cannot_be_appended_to_are_refused_before_anything_is_asked(server, tmp_path):
    labels = write(tmp_path / "labels.txt", "bow\n")
    (tmp_path / "latin.tsv").write_bytes("grüßen\tHi.\n".encode("latin-1"))
    write(tmp_path / "other.tsv", "no tabs here\n")
    for name in ("", "none/out.tsv", "latin.tsv", "other.tsv"):
        done = run(server, labels, "--out", tmp_path / name)
        assert isinstance(done.exception, InputError), name
        assert "\n" not in str(done.exception)
    assert not server.questions


def test_every_answer_is_on_the_disk_at_once(tmp_path):
    with DescriptionLog(tmp_path / "out.tsv", "complete", "tiny") as log:
        for number, label in enumerate(["bow", "wave"], start=1):
            log.append(label, "Some movement.")
            assert len(read_descriptions(tmp_path / "out.tsv")) == number
            assert label.upper() in log
