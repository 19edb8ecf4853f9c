"""Stands between clients and a server, and does to their connections what a bad network does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

REFUSALS = {
    "a captive portal": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/login\r\n\r\n",
    "a login page": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "forbidden": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
    "gone for now": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "too many": b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
    "bad gateway": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
    "a proxy that asks": b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
    "garbage": b"SSH-2.0-OpenSSH_9.6\r\n\x00\x01\x02",
    "half an upgrade": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
    "nothing": b"",
}
"""What may answer where a server should."""


class Middleman:
    """``url`` leads through it; ``refusal`` is the answer to new connections, None lets them pass.

    As a ``proxy`` it is asked by CONNECT for what lies behind it.
    """

    def __init__(self, behind: str, *, proxy: bool = False) -> None:
        self._behind = urlsplit(behind)
        self._proxy = proxy
        self._passing: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.port = 0
        self.refusal: bytes | None = None
        self.refused = 0
        self._refused = asyncio.Event()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def refuses(self, times: int) -> None:
        """Waits until so many connections more have been refused."""
        enough = self.refused + times
        while self.refused < enough:
            self._refused.clear()
            await self._refused.wait()

    def cut(self) -> None:
        """Breaks what is open."""
        for writer in tuple(self._passing):
            writer.transport.abort()

    def freeze(self) -> None:
        """Nothing gets through any more, and nobody is told: the connections are half open."""
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (refusal := self.refusal) is not None:
            self.refused += 1
            self._refused.set()
            if refusal:
                await reader.readuntil(b"\r\n\r\n")
            writer.write(refusal)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            return
        if self._proxy:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        far_reader, far_writer = await asyncio.open_connection(
            self._behind.hostname, self._behind.port
        )
        self._passing |= {writer, far_writer}
        ways = [
            asyncio.create_task(self._pass_on(reader, far_writer)),
            asyncio.create_task(self._pass_on(far_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            self._passing -= {writer, far_writer}
            far_writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def middleman(behind: str, *, proxy: bool = False) -> AsyncIterator[Middleman]:
    between = Middleman(behind, proxy=proxy)
    async with await asyncio.start_server(between.serve, "127.0.0.1", 0) as listening:
        between.port = listening.sockets[0].getsockname()[1]
        yield between
        await between.close()
