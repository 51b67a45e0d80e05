"""A scripted model on loopback, in the wire formats of four vendors: the real agents talk to it in tests.

`python tests/e2e/model.py --port 0` prints PORT=N and serves until it is ended:

    POST /v1/messages                                       Anthropic Messages; also .../count_tokens
    POST /v1/chat/completions                               OpenAI Chat Completions
    POST /v1/responses                                      OpenAI Responses
    POST /v1beta/models/M:generateContent                   Gemini; also :streamGenerateContent, :countTokens

A message picks its script by `[[name]]`: see `models/scripts.py`. And beside the models:

    GET  /_/requests    what was asked, oldest first: user, heard (all messages so far), usage, ...
    POST /_/release     lets the hanging answers go on
    POST /_/reset       forgets what was asked; answers hang again
"""

import argparse
import gzip
import json
import re
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

if not __package__:
    sys.path[0] = str(Path(__file__).parents[1])
from e2e.models import anthropic, chat, gemini, responses
from e2e.models.conversation import Answer, Failure, Frame, Json, Question, strings
from e2e.models.scripts import Player

VENDORS: dict[str, Any] = {"anthropic": anthropic, "chat": chat, "responses": responses, "gemini": gemini}
GEMINI = re.compile(r"/models/([^/:]+):(\w+)$")
MODEL = "scripted"


class Model(ThreadingHTTPServer):
    """The server: what was asked, and whether hanging answers may go on."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Asked)
        self.player = Player()
        self.requests: list[Json] = []
        self.released = threading.Event()

    def reset(self) -> None:
        """Forget what was asked."""
        self.player.reset()
        self.requests = []
        self.released.clear()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong, unless the agent has only gone away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Asked(BaseHTTPRequestHandler):
    """One connection of an agent."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Model

    def log_message(self, *_: Any) -> None:
        """Say nothing: what was asked is kept."""

    def do_HEAD(self) -> None:
        self._json({})

    def do_GET(self) -> None:
        if self.path == "/_/requests":
            self._json(self.server.requests)
        elif self.path.partition("?")[0].endswith("/models"):
            one = {"id": MODEL, "object": "model", "name": f"models/{MODEL}", "display_name": MODEL}
            self._json({"object": "list", "data": [one], "models": [one], "has_more": False})
        else:
            self._json({"error": {"message": f"nothing is served at {self.path}"}}, 404)

    def do_POST(self) -> None:
        body, path = self._body(), re.sub(r"/+", "/", self.path.partition("?")[0])
        if path in ("/_/release", "/_/reset"):
            (self.server.released.set if path == "/_/release" else self.server.reset)()
            self._json({})
        elif path.endswith(("/count_tokens", ":countTokens")):
            self._json({"input_tokens": 1000, "totalTokens": 1000})
        elif question := read(path, body):
            question.words = "\n".join(strings(body))
            self._answer(question)
        else:
            self._json({"error": {"message": f"nothing is served at {path}"}}, 404)

    def _answer(self, question: Question) -> None:
        answer = self.server.player.play(question)
        entry = {
            "vendor": question.vendor, "model": question.model, "aside": question.aside, "at": time.time(),
            "user": question.user, "heard": question.heard, "turn": len(question.heard),
            "step": question.step, "result": question.result, "tools": [t.name for t in question.tools],
        }  # fmt: skip
        vendor = VENDORS[question.vendor]
        if isinstance(answer, Failure):
            self.server.requests.append({**entry, "status": answer.status, "tool": "", "usage": None})
            body, headers = vendor.failure(answer)
            if answer.retry_after is not None:
                headers["retry-after"] = str(answer.retry_after)
            self._json(body, answer.status, headers)
            return
        self.server.requests.append(
            {**entry, "status": 200, "tool": answer.tool, "usage": asdict(answer.usage)}
        )
        if answer.hangs and not self._released():
            self.close_connection = True
        elif question.streaming:
            self._stream(vendor.stream(question, answer), answer)
        else:
            self._whole(json.dumps(vendor.whole(question, answer)).encode(), answer)

    def _whole(self, raw: bytes, answer: Answer) -> None:
        self._head(200, {"content-type": "application/json", "content-length": str(len(raw))})
        self.wfile.write(raw[: len(raw) // 2] if answer.cut else raw)
        if answer.cut:
            self._hang_up()

    def _stream(self, frames: Iterator[Frame], answer: Answer) -> None:
        self._head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        every = list(frames)
        for number, (name, value) in enumerate(every):
            if answer.cut and number == len(every) // 2:
                self._hang_up()
                return
            data = value if isinstance(value, str) else json.dumps(value)
            event = f"event: {name}\n" if name else ""
            raw = f"{event}data: {data}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
        self.wfile.write(b"0\r\n\r\n")

    def _hang_up(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def _released(self) -> bool:
        """Wait until hanging answers may go on, or the agent has gone away."""
        while not self.server.released.wait(0.05):
            if select.select([self.connection], [], [], 0)[0] and not self.connection.recv(
                1, socket.MSG_PEEK
            ):
                return False
        return True

    def _body(self) -> Json:
        raw = b""
        if "chunked" in self.headers.get("transfer-encoding", ""):
            while size := int(self.rfile.readline().split(b";")[0], 16):
                raw += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("content-encoding") == "gzip":
            raw = gzip.decompress(raw)
        try:
            value = json.loads(raw or b"{}")
        except ValueError:
            value = {}
        return value if isinstance(value, dict) else {}

    def _json(self, value: Any, status: int = 200, more: dict[str, str] | None = None) -> None:
        raw = json.dumps(value).encode()
        self._head(
            status, {"content-type": "application/json", "content-length": str(len(raw)), **(more or {})}
        )
        if self.command != "HEAD":
            self.wfile.write(raw)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def read(path: str, body: Json) -> Question | None:
    """Read a request by its path's vendor; None: there is none."""
    if found := GEMINI.search(path):
        streaming = found[2] == "streamGenerateContent"
        return gemini.read(body, found[1], streaming=streaming) if "enerateContent" in found[2] else None
    readers: dict[str, Callable[[Json], Question]] = {
        "/messages": anthropic.read,
        "/chat/completions": chat.read,
        "/responses": responses.read,
    }
    return next((reader(body) for end, reader in readers.items() if path.endswith(end)), None)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="a scripted model on 127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free; it is printed as PORT=N")
    model = Model(parser.parse_args().port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=model.shutdown).start())
    print(f"PORT={model.server_address[1]}", flush=True)
    model.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
