"""A client that speaks the wire by hand, on a real socket."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]
PATIENCE_SECONDS = 60
"""What never comes fails its test instead of stopping all of them."""


class Peer:
    """One connection. What is pushed while a reply is awaited is kept for `pushed`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._refs = itertools.count(1)
        self._pushed: list[Frame] = []

    async def send(self, **request: Any) -> None:
        await self.socket.send(json.dumps(request))

    async def next(self) -> Frame:
        """The very next frame."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            frame: Frame = json.loads(await self.socket.recv())
        return frame

    async def ask(self, **request: Any) -> Frame:
        """The reply to a request."""
        ref = f"r{next(self._refs)}"
        await self.send(**request, ref=ref)
        while (frame := await self.next()).get("ref") != ref:
            self._pushed.append(frame)
        del frame["ref"]
        return frame

    async def pushed(self) -> Frame:
        """The next push."""
        return self._pushed.pop(0) if self._pushed else await self.next()

    def forget(self) -> None:
        """Drops the pushes that came so far."""
        self._pushed.clear()

    async def closed(self) -> tuple[int, str]:
        """Waits for the end and returns the close code and reason; 1006 is a lost connection."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    await self.socket.recv()
        except ConnectionClosed as error:
            received = error.rcvd
        return (received.code, received.reason) if received else (1006, "")


@asynccontextmanager
async def peer(url: str, **options: Any) -> AsyncIterator[Peer]:
    """A connected client, which does not ping by itself."""
    settings = {"compression": None, "ping_interval": None, "proxy": None, **options}
    async with connect(url, **settings) as socket:
        yield Peer(socket)


async def seated(ada: Peer, bob: Peer) -> str:
    """The code of a new game that ada (x) and bob (o) play; all their frames are read."""
    code = (await ada.ask(type="start"))["id"]
    await bob.ask(type="join", id=code)
    await ada.pushed()
    return str(code)
