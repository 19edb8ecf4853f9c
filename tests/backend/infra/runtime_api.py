"""The Runtime API of Lambda, as far as Amazon's own runtime client asks for it.

Its paths, headers and answers are those of the developer guide's "Using the Lambda runtime API".
"""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any, Final

_PREFIX: Final = "/2018-06-01/runtime/"
_PATIENCE_SECONDS: Final = 60


class RuntimeApi:
    """Hands out events, one at a time, and takes what the function says to them."""

    def __init__(self) -> None:
        self._events: Queue[Any] = Queue()
        self._told: Queue[tuple[str, Any]] = Queue()

    def invoke(self, event: Any) -> tuple[str, Any]:
        """``response`` or ``error``, and its content."""
        self._events.put(event)
        return self.told()

    def told(self) -> tuple[str, Any]:
        """What the function says next; ``init/error`` when it cannot be loaded."""
        return self._told.get(timeout=_PATIENCE_SECONDS)

    def next(self) -> Any:
        return self._events.get(timeout=_PATIENCE_SECONDS)

    def take(self, path: str, content: Any) -> None:
        what = path.removeprefix(_PREFIX).removeprefix("invocation/1/")
        self._told.put((what, content))

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address for ``AWS_LAMBDA_RUNTIME_API``."""
        handler = type("Handler", (_Handler,), {"api": self})
        with _Server(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                yield f"127.0.0.1:{server.server_address[1]}"
            finally:
                server.shutdown()
                thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A function that is ended hangs up."""


class _Handler(BaseHTTPRequestHandler):
    api: RuntimeApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert self.path == f"{_PREFIX}invocation/next"
        event = self.api.next()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
        self.send_header(
            "Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:1:function:f"
        )
        self.send_header("Lambda-Runtime-Deadline-Ms", "9999999999999")
        self._send(event)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        # First, for the function may end as soon as it is answered.
        self.api.take(self.path, json.loads(content))
        self.send_response(202)
        self._send({"status": "OK"})

    def _send(self, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
        pass


class Function:
    """The function as it runs in Amazon's runtime."""

    def __init__(self, api: RuntimeApi, process: subprocess.Popen[str]) -> None:
        self._api = api
        self._process = process

    def invoke(self, event: Any) -> tuple[str, Any]:
        return self._api.invoke(event)

    def told(self) -> tuple[str, Any]:
        return self._api.told()

    def ended(self) -> int:
        """Its exit code."""
        return self._process.wait(_PATIENCE_SECONDS)

    def lines(self) -> list[dict[str, Any]]:
        """Ends it; everything that it printed, which is JSON line by line."""
        self._process.terminate()
        printed, _ = self._process.communicate(timeout=_PATIENCE_SECONDS)
        return [json.loads(line) for line in printed.splitlines()]


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[Function]:
    """The program with a Runtime API of its own."""
    api = RuntimeApi()
    with (
        api.serving() as address,
        subprocess.Popen(
            command,
            env={**environment, "AWS_LAMBDA_RUNTIME_API": address},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        try:
            yield Function(api, process)
        finally:
            process.kill()
