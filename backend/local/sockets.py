"""WebSocket connections that close as API Gateway closes them, in bounded memory."""

import asyncio
import socket
from http import HTTPStatus
from typing import Any, Final

from websockets.asyncio.server import Server, ServerConnection, broadcast
from websockets.frames import CloseCode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from backend.local.forwarded import UNIX
from backend.local.frames import GatewayProtocol
from backend.local.http import Answer
from backend.local.invocation import Ending
from backend.local.limits import Doorkeeper, Full, Limits

SEND_BUFFER_BYTES: Final = 2**16

GOING_AWAY: Final = "Going away"

_NO_STATUS: Final = "Client-side close frame status not set"
_LOST: Final = "Connection Closed Abnormally"


class Socket(ServerConnection):
    """A connection that never waits for its peer.

    ``address`` is that of the peer until `enter`, then that of the player.
    """

    def __init__(
        self,
        limits: Limits,
        doorkeeper: Doorkeeper,
        protocol: ServerProtocol,
        server: Server,
        **options: Any,
    ) -> None:
        super().__init__(GatewayProtocol(logger=protocol.logger), server, **options)
        self._limits = limits
        self._doorkeeper = doorkeeper
        self._is_timed = False
        self.address = UNIX

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        plain = transport.get_extra_info("socket")
        # What the system keeps for a client that does not read is bounded as well.
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        # Else a push would wait up to 40 ms until the reply before it is acknowledged. asyncio sees
        # to it only where the listening socket names its protocol.
        if plain.family != getattr(socket, "AF_UNIX", None):
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else UNIX
        self._doorkeeper.arrive(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._doorkeeper.leave(self)
        super().connection_lost(exc)

    def enter(self, address: str) -> Full | None:
        """Lets the player with this address in, or says why there is no room."""
        return self._doorkeeper.admit(self, address)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Pings are answered by the library, whether or not the answers are read.
        self._cut_if_unread()
        if self.protocol.close_expected():
            self._cut_in_time()

    def post(self, frame: str) -> None:
        """Sends a text frame, now; to a connection that is closing, nothing."""
        # What is lost is closing before it is known to be closed.
        if not self.transport.is_closing():
            broadcast([self], frame)
            self._cut_if_unread()

    def dismiss(self, code: int, reason: str) -> None:
        """Begins to close. The library's `close` would wait for a peer that does not read."""
        if self.is_open:
            self.protocol.send_close(code, reason)
            self.send_data()
            self._cut_in_time()

    def cut(self) -> None:
        """Ends the connection as a lost network would, without a word."""
        self.transport.abort()

    @property
    def is_open(self) -> bool:
        return self.state is State.OPEN

    @property
    def ending(self) -> Ending:
        """How it ended, as ``$disconnect`` is told."""
        sent, received = self.protocol.close_sent, self.protocol.close_rcvd
        if sent is not None and not self.protocol.close_rcvd_then_sent:
            return Ending(int(sent.code), sent.reason)
        if received is None:
            return Ending(int(CloseCode.ABNORMAL_CLOSURE), _LOST)
        if received.code == CloseCode.NO_STATUS_RCVD:
            return Ending(int(received.code), _NO_STATUS)
        return Ending(int(received.code), received.reason)

    def answer(self, answer: Answer) -> Response:
        """A plain HTTP response instead of a WebSocket."""
        response = self.respond(answer.status, answer.text)
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = f"{answer.kind}; charset=utf-8"
        response.headers["Cache-Control"] = "no-store"
        if answer.status is HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["Allow"] = "GET, HEAD"
        if self.request is not None and self.request.method == "HEAD":
            response.body = b""
        return response

    def _cut_in_time(self) -> None:
        if not self._is_timed:
            self._is_timed = True
            self.loop.call_later(self._limits.close_seconds, self.cut)

    def _cut_if_unread(self) -> None:
        if self.transport.get_write_buffer_size() > self._limits.unread_bytes:
            self.cut()
