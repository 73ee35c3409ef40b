"""RemoteMonitor against a server, and what Keras sent to that server."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from .test_callbacks import script


@dataclass
class Server:
    """A server that keeps what is posted to it, and answers with one status."""

    status: int = 200
    posted: list[tuple[str, str | None, str | None, str]] = field(default_factory=list)
    root: str = ""

    def __enter__(self) -> Server:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                kind, own = self.headers["Content-Type"], self.headers["X-Run"]
                server.posted.append((self.path, kind, own, body))
                self.send_response(server.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None: ...

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.root = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


FORM = "%7B%22epoch%22%3A+3%2C+%22loss%22%3A+NaN%2C+%22val_acc%22%3A+0.25%7D"
JSON = '{"epoch": 3, "loss": 0.1, "val_acc": 0.25}'


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize(
    ("values", "posted"),
    [
        (
            {},
            ("/publish/epoch/end/", "application/x-www-form-urlencoded", None, f"data={FORM}"),
        ),
        (
            {"field": "näme & co", "path": "/a/b?c=d", "headers": {"X-Run": "7"}},
            ("/a/b?c=d", "application/x-www-form-urlencoded", "7", f"n%C3%A4me+%26+co={FORM}"),
        ),
        (
            {"send_as_json": True, "path": "/a"},
            ("/a", "application/json", None, JSON),
        ),
        (
            {"send_as_json": True, "headers": {"content-type": "text/x-run", "X-Run": "a b"}},
            ("/publish/epoch/end/", "text/x-run", "a b", JSON),
        ),
    ],
    ids=["form", "field", "json", "headers"],
)
def test_remote_monitor(values: dict[str, Any], posted: Any, status: int) -> None:
    """What Keras 3.15.1 posts is recorded: it needs a package that the tests do not."""
    logs = {"loss": 0.1 if values.get("send_as_json") else float("nan"), "val_acc": 0.25}
    with Server(status) as server, warnings.catch_warnings():
        warnings.simplefilter("error")
        script("RemoteMonitor", values | {"root": server.root}).epoch(3, logs)
    assert server.posted == [posted]


def test_a_monitor_that_is_not_there_is_a_warning() -> None:
    """So is a value that JSON cannot hold: Keras takes that for a failure to send it."""
    with Server() as server:
        gone = server.root
    with Server() as server:
        for root, as_json, loss in ((gone, False, 0.5), (server.root, True, float("nan"))):
            training = script("RemoteMonitor", {"root": root, "send_as_json": as_json})
            with pytest.warns(UserWarning, match=f"^{root}/publish/epoch/end/ got nothing: "):
                training.epoch(0, {"loss": loss})
    assert not server.posted
