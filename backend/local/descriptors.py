"""What the gateway does when the system has no descriptor left for another connection.

asyncio tries to accept again and again, and logs each failure with its traceback: 1,600 of them in
some seconds. Here there is one warning a minute, and whoever is refused is told so.
"""

import asyncio
import errno
import logging
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from backend.local.listening import Door

REFUSAL: Final = "This server has no room for another connection; try again in a moment.\n"
_NO_ROOM: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_AT_ONCE: Final = 512
_REQUEST_BYTES: Final = 4096
_QUIET_SECONDS: Final = 60
_RESPONSE: Final = (
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
    f"Content-Length: {len(REFUSAL)}\r\nRetry-After: 10\r\nConnection: close\r\n\r\n{REFUSAL}"
).encode()

_log: Final = logging.getLogger(__name__)


class Spare:
    """A descriptor that is kept for the moment in which there is no other: to refuse with."""

    def __init__(self, doors: Sequence[Door]) -> None:
        self._doors = doors
        self._descriptor: int | None = None
        self._quiet_until = 0.0
        self._take()

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def refuse(self, error: OSError) -> None:
        """Tells everybody who waits to be let in that there is no room."""
        if time.monotonic() >= self._quiet_until:
            self._quiet_until = time.monotonic() + _QUIET_SECONDS
            _log.warning("connections are refused: %s", error.strerror)
        self.close()
        for door in self._doors:
            with suppress(OSError):  # nobody waits there any more
                for _ in range(_AT_ONCE):
                    _turn_away(door)
        self._take()

    def _take(self) -> None:
        with suppress(OSError):
            self._descriptor = os.open(os.devnull, os.O_RDONLY)


@contextmanager
def refusing(doors: Sequence[Door]) -> Iterator[None]:
    """Within, the running loop refuses connections politely for which there is no descriptor."""
    loop = asyncio.get_running_loop()
    usual = loop.get_exception_handler()
    spare = Spare(doors)

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in _NO_ROOM and "socket" in context:
            spare.refuse(error)
        elif usual is not None:
            usual(loop, context)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
    try:
        yield
    finally:
        loop.set_exception_handler(usual)
        spare.close()


def _turn_away(door: Door) -> None:
    connection, _ = door.socket.accept()
    with connection, suppress(OSError):
        connection.setblocking(False)
        if door.tls is not None:
            return
        # What was sent and is not read would let the system end the connection before the answer.
        with suppress(BlockingIOError):
            connection.recv(_REQUEST_BYTES)
        connection.send(_RESPONSE)
        connection.shutdown(socket.SHUT_WR)
