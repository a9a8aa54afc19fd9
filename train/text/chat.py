"""A language model behind an OpenAI-compatible chat-completions endpoint, hosted or local."""

import http.client
import json
import random
import socket
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from bank.errors import InputError

_LONGEST_ANSWER: Final = 4 << 20  # bytes
_LONGEST_PAUSE: Final = 60.0  # seconds, whatever a server asks for
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class _TryAgain(Exception):  # noqa: N818 - a signal inside this module, not an error
    """A failure that may pass; ``pause`` is what the server asks us to wait, in seconds."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are not followed: the key would go along to wherever they point."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Answer of every redirect: none."""


@dataclass(frozen=True)
class ChatModel:
    """One model at one endpoint.

    Attributes:
        url: base of the API, such as ``http://127.0.0.1:11434/v1``, or the full address that ends
            in ``/chat/completions``.
        model: name of the model as the endpoint knows it.
        key: bearer token, sent to the endpoint and shown nowhere; None sends none.
        timeout: seconds for one request and its whole answer.
        retries: how often a failure that may pass (429, 5xx, a lost connection) is tried again.
        first_pause: seconds before the first retry; they double with every further one, unless
            the server names a time of its own (``Retry-After``).
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    timeout: float = 120.0
    retries: int = 5
    first_pause: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what cannot be asked.

        Raises:
            InputError: not an http address, or a key that no HTTP header can hold.
        """
        _parts(self.url)
        if self.key is not None and not (self.key.isascii() and self.key.isprintable()):
            raise InputError("the API key holds characters that no HTTP header can; check it")

    @property
    def address(self) -> str:
        """Where questions go, without the query: fit to be shown."""
        return urlunsplit(_parts(self.url)._replace(query=""))

    def ask(self, question: str) -> str:
        """The model's answer to one user message.

        Returns:
            The text of the first choice, stripped; what the model thought aloud before it
            (``<think>...</think>``) is left out.

        Raises:
            InputError: the endpoint cannot be reached or trusted, refuses key, model or question,
                keeps failing, or its answer is malformed, cut off or empty.
        """
        for attempt in range(self.retries + 1):
            try:
                return self._content(self._post(question))
            except _TryAgain as failure:
                if attempt == self.retries:
                    times = "once" if attempt == 0 else f"{attempt + 1} times"
                    raise InputError(
                        f"{self.address}: tried {times}, in the end {failure}; try again later"
                    ) from None
                pause = self.first_pause * 2**attempt * random.uniform(1, 1.25)
                wanted = pause if failure.pause is None else failure.pause
                time.sleep(min(wanted, _LONGEST_PAUSE))
        raise AssertionError("unreachable")

    def _post(self, question: str) -> bytes:
        body = {"model": self.model, "messages": [{"role": "user", "content": question}]}
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        parts = _parts(self.url)
        request = urllib.request.Request(
            urlunsplit(parts), json.dumps(body).encode(), headers, method="POST"
        )
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if parts.hostname in _LOOPBACK:
            handlers.append(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + self.timeout
        try:
            opener = urllib.request.build_opener(*handlers)
            with opener.open(request, timeout=self.timeout) as response:
                return _read(response, deadline)
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise self._refused(refusal) from None
        except urllib.error.URLError as error:
            reason = error.reason
            raise self._failed(reason if isinstance(reason, OSError) else OSError(reason)) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError | http.client.HTTPException) -> InputError | _TryAgain:
        """What a connection that was not made or did not last means."""
        where = self.address
        match error:
            case ssl.SSLCertVerificationError():
                return InputError(
                    f"{where}: its certificate is not trusted ({error.verify_message}); "
                    "name a certificate file in SSL_CERT_FILE, or use http:// for a local server"
                )
            case ssl.SSLError():
                return InputError(
                    f"{where}: no TLS connection ({error.reason or error}); "
                    "is it an http:// address?"
                )
            case TimeoutError():
                return _TryAgain(f"no whole answer within {self.timeout:g} s")
            case ConnectionResetError() | BrokenPipeError() | http.client.IncompleteRead():
                return _TryAgain("the connection was lost")
            case http.client.HTTPException():
                return InputError(f"{where}: does not speak HTTP; check --endpoint")
            case socket.gaierror():
                return InputError(f"{where}: no such host; check --endpoint")
        reason = self._fit(error.strerror or str(error))
        return InputError(f"{where}: cannot be reached ({reason}); is the server running?")

    def _refused(self, refusal: urllib.error.HTTPError) -> InputError | _TryAgain:
        """What an HTTP status other than success means."""
        where, status = self.address, refusal.code
        if status in (401, 403):  # what the server says here may repeat the key
            which = "no API key was sent" if self.key is None else "the API key was refused"
            return InputError(f"{where}: {which} (HTTP {status}); check --api-key-env")
        if status < 400:
            target = urlsplit(refusal.headers.get("Location", ""))
            shown = self._fit(urlunsplit((target.scheme, target.netloc, target.path, "", "")))
            return InputError(f"{where}: redirects to {shown!r}; give that as --endpoint")
        said = self._fit(_message(refusal))
        tail = f": {said}" if said else ""
        if status in (408, 429) or status >= 500:
            return _TryAgain(f"HTTP {status}{tail}", _retry_after(refusal.headers))
        if status == 404 and "model" in said.casefold():
            return InputError(f"{where}: has no model {self.model!r}{tail}")
        if status in (404, 405):
            return InputError(
                f"{where}: no chat completions there (HTTP {status}{tail}); "
                "check --endpoint, which mostly ends in /v1"
            )
        return InputError(f"{where}: refuses the question for {self.model!r} (HTTP {status}{tail})")

    def _content(self, answer: bytes) -> str:
        where = self.address
        try:
            document = json.loads(answer)
        except (ValueError, RecursionError):
            raise InputError(f"{where}: its answer is not JSON; is it a chat endpoint?") from None
        if isinstance(document, dict) and document.get("error"):
            raise InputError(f"{where}: {self._fit(_said(document)) or 'answers with an error'}")
        try:
            choice = document["choices"][0]
            content = choice["message"]["content"]
            ending = choice.get("finish_reason")
        except (KeyError, IndexError, TypeError, AttributeError):
            content = ending = document
        if not (content is None or isinstance(content, str)):
            raise InputError(f"{where}: its answer holds no text at choices[0].message.content")
        if ending == "length":
            raise InputError(f"{where}: {self.model!r} was cut off; raise the server's token limit")
        text = _without_thoughts(content or "").strip()
        if not text:
            raise InputError(f"{where}: {self.model!r} gave an empty answer; try another model")
        return text

    def _fit(self, text: str) -> str:
        """Somebody else's words as part of our one line, without the key."""
        if self.key:
            text = text.replace(self.key, "***")
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]


def _parts(url: str) -> SplitResult:
    shape = "--endpoint takes an address such as http://127.0.0.1:11434/v1"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # the port is checked by looking at it
        (host or "").encode("idna")
        sound = parts.scheme in ("http", "https") and host and "@" not in parts.netloc
    except ValueError:
        sound = False
    if not sound or not url.isascii() or not url.isprintable() or " " in url:
        raise InputError(f"{shape}; a key goes into --api-key-env, not into the address")
    path = parts.path.rstrip("/")
    if not path.endswith("/chat/completions"):
        path += "/chat/completions"
    return parts._replace(path=path, fragment="")


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """The whole body, though it may come in drops; the socket's own timeout starts with each."""
    chunks: list[bytes] = []
    size = 0
    while chunk := response.read1(1 << 16):
        chunks.append(chunk)
        size += len(chunk)
        if size > _LONGEST_ANSWER:
            raise http.client.HTTPException("endless answer")
        if time.monotonic() > deadline:
            raise TimeoutError
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(chunks)


def _message(refusal: urllib.error.HTTPError) -> str:
    try:
        body = refusal.read(1 << 16)
    except (OSError, http.client.HTTPException):
        return ""
    try:
        return _said(json.loads(body))
    except (ValueError, RecursionError):
        text = body.decode("utf-8", "replace").strip()
        return "" if text.startswith("<") else text  # an HTML page tells nobody anything


def _said(document: Any) -> str:
    """The message of an error document, which servers nest in different ways."""
    while isinstance(document, dict):
        inner = (document.get(key) for key in ("error", "message", "detail"))
        document = next((value for value in inner if value), None)
    return document if isinstance(document, str) else ""


def _retry_after(headers: Any) -> float | None:
    value = headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None


def _without_thoughts(text: str) -> str:
    text = text.lstrip()
    if not text.startswith("<think>"):
        return text
    return text.partition("</think>")[2]
