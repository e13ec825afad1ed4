"""A real HTTP server that speaks OpenAI's chat API, with scripted answers: what `ChatOpenAI` is tested against.

An answer is a text, a mapping (sent as JSON text: what a model writes under ``response_format``), `ToolCalls`, one of
the failures below, or a function that makes one of these from the request's body. It is streamed if asked so.
"""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


class ToolCalls:
    """The model calls tools: ``ToolCalls(("weather", {"city": "Oslo"}), ("clock", {}), text="Let me look.")``."""

    def __init__(self, *calls: tuple[str, Mapping[str, Any]], text: str = "") -> None:
        self.calls = calls
        self.text = text


@dataclass(frozen=True)
class Failure:
    """An HTTP error, in the shape of OpenAI's."""

    status: int
    message: str = "a scripted failure"
    headers: Mapping[str, str] = field(default_factory=dict)


BUSY = Failure(429, "slow down", {"retry-after-ms": "1"})
"""The client waits a millisecond and asks again."""


@dataclass(frozen=True)
class Garbage:
    """Status 200 and a body that is no JSON."""

    text: str = "<html>It works!</html>"


@dataclass(frozen=True)
class CutStream:
    """The connection breaks after these words (without a stream: before the body is complete)."""

    text: str = "half an"


@dataclass(frozen=True)
class Hang:
    """Nothing comes until the server closes."""


Reply = str | Mapping[str, Any] | ToolCalls | Failure | Garbage | CutStream | Hang
Answer = Reply | Callable[[Body], Reply]


@dataclass(frozen=True)
class Request:
    """What a client sent. The headers' names are in small letters."""

    path: str
    headers: Mapping[str, str]
    body: Body


class OpenAIServer:
    """Answers in the order of `script`; after that, with `otherwise` (a failure that is not retried)."""

    def __init__(self) -> None:
        self.otherwise: Answer = Failure(400, "the test scripted no further answer")
        self.models: tuple[int, str] = (404, "{}")
        """The status and the body of the answer to who asks which models there are."""
        self.requests: list[Request] = []
        self.errors: list[Exception] = []
        """What scripted functions raised; the client saw status 400."""
        self.keep_alive = False
        """Whether a connection serves several requests. Clients that keep one must be closed by who made them."""
        self.closing = threading.Event()
        self._answers: deque[Answer] = deque()
        self._lock = threading.Lock()
        self._http = _Http(self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    @property
    def bodies(self) -> list[Body]:
        """The bodies of all requests, oldest first."""
        return [request.body for request in self.requests]

    def script(self, *answers: Answer) -> None:
        """Add answers to the script, one a request."""
        self._answers.extend(answers)

    def take(self, request: Request) -> Reply:
        """Record the request and take the answer to it."""
        with self._lock:
            self.requests.append(request)
            answer = self._answers.popleft() if self._answers else self.otherwise
        try:
            return answer(request.body) if callable(answer) else answer
        except Exception as error:
            self.errors.append(error)
            return Failure(400, f"the scripted function raised {error!r}")

    def close(self) -> None:
        """Release hung requests, close every connection, wait for every thread."""
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.close_connections()
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for them

    def __init__(self, owner: OpenAIServer) -> None:
        self.owner = owner
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        for connection in list(self._connections):
            with suppress(OSError):  # it closed by itself
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of the server's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""

    def do_GET(self) -> None:
        self._send(*self.server.owner.models)

    def do_POST(self) -> None:
        owner = self.server.owner
        body: Body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        match owner.take(Request(self.path, headers, body)):
            case Failure() as failure:
                error = {"message": failure.message, "type": "scripted", "code": None}
                self._send(failure.status, json.dumps({"error": error}), failure.headers)
            case Garbage(text):
                self._send(200, text)
            case Hang():
                owner.closing.wait()
                self.close_connection = True
            case CutStream(text):
                if body.get("stream"):
                    self._start(200, {"transfer-encoding": "chunked"}, "text/event-stream")
                    self._send_events(chunks(body | {"stream_options": None}, text)[:-1])
                else:
                    self._start(200, {"content-length": "1000"})
                    self.wfile.write(text.encode())
                self.close_connection = True
            case reply if body.get("stream"):
                self._start(200, {"transfer-encoding": "chunked"}, "text/event-stream")
                self._send_events([*chunks(body, reply), "[DONE]"])
                self.wfile.write(b"0\r\n\r\n")
            case reply:
                self._send(200, json.dumps(completion(body, reply)))

    def _start(self, status: int, headers: Mapping[str, str], content_type: str = "application/json") -> None:
        connection = "keep-alive" if self.server.owner.keep_alive else "close"
        self.send_response(status)
        for name, value in {"content-type": content_type, "connection": connection, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        content = text.encode()
        self._start(status, {"content-length": str(len(content)), **(headers or {})})
        self.wfile.write(content)

    def _send_events(self, events: Sequence[str | Body]) -> None:
        for event in events:
            data = f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


def _content(reply: Reply) -> tuple[str, list[Body]]:
    """The text and the tool calls of a reply, as the API spells them."""
    if isinstance(reply, ToolCalls):
        calls = [
            {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for number, (name, arguments) in enumerate(reply.calls)
        ]
        return reply.text, calls
    return (reply if isinstance(reply, str) else json.dumps(reply)), []


def completion(body: Body, reply: Reply) -> Body:
    """The whole answer in one object."""
    text, calls = _content(reply)
    message: Body = {"role": "assistant", "content": text or None} | ({"tool_calls": calls} if calls else {})
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop", "logprobs": None}
    return _envelope(body, "chat.completion") | {"choices": [choice], "usage": USAGE}


def chunks(body: Body, reply: Reply) -> list[Body]:
    """The answer as a stream: words, a tool call's arguments in pieces, then the usage if it was asked for."""
    text, calls = _content(reply)
    envelope = _envelope(body, "chat.completion.chunk")

    def chunk(delta: Body, finish_reason: str | None = None) -> Body:
        return envelope | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}

    words = [chunk({"content": word}) for word in text.replace(" ", " \0").split("\0") if word]
    pieces = [chunk({"tool_calls": [piece]}) for index, call in enumerate(calls) for piece in _pieces(index, call)]
    result = [chunk({"role": "assistant", "content": ""}), *words, *pieces]
    result.append(chunk({}, "tool_calls" if calls else "stop"))
    if (body.get("stream_options") or {}).get("include_usage"):
        result.append(envelope | {"choices": [], "usage": USAGE})
    return result


def _pieces(index: int, call: Body) -> Iterator[Body]:
    function = call["function"]
    yield call | {"index": index, "function": {"name": function["name"], "arguments": ""}}
    for start in range(0, len(function["arguments"]), 5):
        yield {"index": index, "function": {"arguments": function["arguments"][start : start + 5]}}


def _envelope(body: Body, kind: str) -> Body:
    return {"id": "chatcmpl-scripted", "object": kind, "created": 1, "model": body["model"]}
