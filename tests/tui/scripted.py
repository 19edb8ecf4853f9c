"""A server that says what a test tells it to, over a real socket on port 0."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from msgspec.structs import replace
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from shared.codec import decode_request, encode
from shared.messages import AnyRequest, Event, GatewayNotice, Request


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self.ended = asyncio.Event()

    async def receives(self, **expected: Any) -> AnyRequest:
        """The next request; its fields must have these values."""
        request = decode_request(str(await self._connection.recv()))
        for name, value in expected.items():
            assert getattr(request, name) == value
        return request

    async def receives_nothing_more(self) -> None:
        """Everything the client had sent before it ended has been received."""
        with contextlib.suppress(ConnectionClosed):
            raise AssertionError(await self._connection.recv())

    async def replies(self, request: Request, event: Event) -> None:
        await self.says(replace(event, ref=request.ref))

    async def says(self, event: Event | GatewayNotice | str) -> None:
        await self._connection.send(event if isinstance(event, str) else encode(event))

    async def hangs_up(self, code: int = 1001) -> None:
        await self._connection.close(code)
        self.ended.set()

    async def vanishes(self) -> None:
        """The connection breaks without a word."""
        self._connection.transport.abort()
        self.ended.set()

    def falls_silent(self) -> None:
        """Nothing is read or answered any more, as when the line is dead."""
        self._connection.transport.pause_reading()

    async def closes(self) -> None:
        """Waits until the client has closed the connection."""
        await self._connection.wait_closed()
        self.ended.set()


class Server:
    def __init__(self, url: str) -> None:
        self.url = url
        self._peers: asyncio.Queue[Peer] = asyncio.Queue()
        self.count = 0

    async def accepts(self) -> Peer:
        """The next connection that a client opens."""
        return await self._peers.get()

    async def serve(self, connection: ServerConnection) -> None:
        self.count += 1
        peer = Peer(connection)
        self._peers.put_nowait(peer)
        await connection.wait_closed()


@contextlib.asynccontextmanager
async def scripted_server() -> AsyncIterator[Server]:
    server = Server("")
    async with serve(
        server.serve, "127.0.0.1", 0, compression=None, ping_interval=None, close_timeout=1
    ) as listening:
        port = listening.sockets[0].getsockname()[1]
        server.url = f"ws://127.0.0.1:{port}"
        yield server
