"""A server on this machine that answers as GitHub and the hub do, or as it is told to, and counts what it is asked."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType

COMMIT = "0123456789abcdef0123456789abcdef01234567"
Handler = http.server.BaseHTTPRequestHandler
Answer = Callable[[Handler], None]


class BenchServer:
    """``answers`` by path, without the query; everything else is not found. ``asked``: methods and paths."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        server = self

        class Bound(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *arguments: object) -> None: ...

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                server.asked.append(f"{self.command} {path}")
                server.answers.get(path, failing(404))(self)

            def do_HEAD(self) -> None:
                self.do_GET()

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> BenchServer:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def whole(contents: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        for name, value in {**(headers or {}), "Content-Length": str(len(contents))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(contents)

    return answer


def in_chunks(contents: bytes, cut: bool = False) -> Answer:
    """As GitHub serves archives: without a length. ``cut``: the connection ends before the last chunk."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for start in range(0, len(contents), 100):
            part = contents[start : start + 100]
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        if not cut:
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = cut

    return answer


def short(contents: bytes, promised: int) -> Answer:
    """Fewer bytes than promised."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(promised))
        handler.end_headers()
        handler.wfile.write(contents)
        handler.close_connection = True

    return answer


def failing(code: int) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def silent(seconds: float) -> Answer:
    """Nothing at all, for a while."""

    def answer(handler: Handler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return answer


def hub_answers(repository: str, files: Mapping[str, bytes]) -> dict[str, Answer]:
    """What the hub answers for a data set: its commit, its tree and its files."""
    api = f"/api/datasets/{repository}"
    tree = [
        {"type": "file", "path": path, "size": len(contents), "oid": hashlib.sha1(contents).hexdigest()}
        for path, contents in files.items()
    ]
    about = {"id": repository, "sha": COMMIT, "siblings": [{"rfilename": path} for path in files]}
    described = {
        f"{api}/revision/main": about,
        f"{api}/tree/{COMMIT}": tree,
    }
    kind = {"Content-Type": "application/json"}
    answers = {path: whole(json.dumps(contents).encode(), kind) for path, contents in described.items()}
    for path, contents in files.items():
        tags = {"ETag": f'"{hashlib.sha1(contents).hexdigest()}"', "X-Repo-Commit": COMMIT}
        answers[f"/datasets/{repository}/resolve/{COMMIT}/{path}"] = whole(contents, tags)
    return answers
