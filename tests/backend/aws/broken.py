"""A server of AWS that fails as told, on a real socket: what botocore makes of it is real, too."""

import atexit
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache

NOWHERE = "nowhere.invalid"
"""A host whose name cannot be resolved."""


def answer(status: int, body: str, *, code: str = "", missing: int = 0) -> bytes:
    """An HTTP answer; ``missing`` bytes of the body never come."""
    kind = f"x-amzn-ErrorType: {code}\r\n" if code else ""
    length = len(body.encode()) + missing
    return (
        f"HTTP/1.1 {status} Status\r\n{kind}Content-Length: {length}\r\n"
        f"Connection: close\r\n\r\n{body}"
    ).encode()


def error(status: int, code: str) -> bytes:
    return answer(status, json.dumps({"__type": code, "message": "no"}), code=code)


@contextmanager
def serving(response: bytes | None) -> Iterator[str]:
    """The address of a server that gives everybody this response; None is for ever silent."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=_serve, args=(listener, response), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            # Wakes the thread, which waits for somebody.
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, response: bytes | None) -> None:
    waiting: list[socket.socket] = []
    with listener:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                break
            if response is None:
                waiting.append(client)
                continue
            # Whoever does not wait for the answer misses it.
            with client, suppress(OSError):
                read_request(client)
                client.sendall(response)
    for client in waiting:
        client.close()


def read_request(client: socket.socket) -> None:
    """Reads one request, so that the answer does not meet a reset."""
    received = b""
    while b"\r\n\r\n" not in received and (more := client.recv(65536)):
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"^content-length: *(\d+)", head, re.IGNORECASE | re.MULTILINE)
    wanted = int(length[1]) if length else 0
    while len(body) < wanted and (more := client.recv(65536)):
        body += more


@cache
def closed_port() -> str:
    """An address where nobody listens, nor will: its port is taken as long as the tests run."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    atexit.register(taken.close)
    return f"http://127.0.0.1:{taken.getsockname()[1]}"
