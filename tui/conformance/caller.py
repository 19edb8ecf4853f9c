"""One connection that speaks the wire by hand, and believes nothing that it reads."""

import asyncio
import contextlib
import itertools
import json
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from shared import codec
from shared.errors import ProtocolError
from shared.messages import EVENTS

Frame = dict[str, Any]

QUIET_SECONDS: Final = 0.3
"""How long nothing more must come, after the answer to a ping, to say that nothing comes."""


class Broken(Exception):
    """The server did not keep the promise; the message says what it did instead."""


class Untried(Exception):
    """The promise cannot be tried here; the message says why."""


def expect(told: object, wanted: object, what: str) -> None:
    """Breaks the promise where what the server told is not what was wanted."""
    if told != wanted:
        raise Broken(f"{what}: {told!r}, not {wanted!r}")


def new_key() -> str:
    """22 base64url characters, 128 random bits."""
    return secrets.token_urlsafe(16)


def text_of(frame: str | bytes) -> str:
    """The text of a frame, which the protocol wants to be one of text."""
    if isinstance(frame, str):
        return frame
    raise Broken("the server sent a binary frame")


class Caller:
    """A client; what is pushed while a reply is awaited is kept for `pushed`.

    ``patience`` is how long a frame is awaited, seconds.
    """

    def __init__(self, socket: ClientConnection, patience: float) -> None:
        self._socket = socket
        self._patience = patience
        self._refs = itertools.count(1)
        self._pushed: list[Frame] = []

    async def send(self, frame: str | bytes) -> None:
        """Sends a frame as it is."""
        await self._socket.send(frame)

    async def tell(self, kind: str, /, **fields: Any) -> None:
        """Sends a request without ``ref``."""
        await self.send(json.dumps({"type": kind, **fields}))

    async def ask(self, kind: str, /, **fields: Any) -> Frame:
        """The reply to a request, without its ``ref``."""
        ref = f"r{next(self._refs)}"
        await self.tell(kind, **fields, ref=ref)
        return await self.reply(ref)

    async def reply(self, ref: str) -> Frame:
        """The frame that carries this ``ref``, without it."""
        while (frame := await self._next()).get("ref") != ref:
            self._pushed.append(frame)
        del frame["ref"]
        return frame

    async def done(self, kind: str, /, **fields: Any) -> Frame:
        """The reply to a request that must succeed."""
        reply = await self.ask(kind, **fields)
        if reply["type"] == "error":
            raise Broken(f"{kind} was refused with {reply['code']}: {reply['message']}")
        return reply

    async def refused(self, code: str, kind: str, /, **fields: Any) -> Frame:
        """The error of a request that must be refused with this code."""
        reply = await self.ask(kind, **fields)
        expect(reply.get("code", reply["type"]), code, f"{kind} was answered")
        return reply

    async def pushed(self, kind: str, wanted: Callable[[Frame], bool] = lambda _: True) -> Frame:
        """The next push of this type; those before it are passed over, for their order is free."""
        for place, frame in enumerate(self._pushed):
            if frame["type"] == kind and wanted(frame):
                return self._pushed.pop(place)
        try:
            while True:
                frame = await self._next()
                if frame["type"] == kind and wanted(frame):
                    return frame
                self._pushed.append(frame)
        except TimeoutError:
            raise Broken(f"no {kind} was pushed") from None

    async def hears_nothing(self, kind: str) -> None:
        """Breaks the promise where such a push comes before the answer to a ping, or soon after."""
        await self.ask("ping")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(QUIET_SECONDS):
                while True:
                    self._pushed.append(await self._read())
        if any(frame["type"] == kind for frame in self._pushed):
            raise Broken(f"a {kind} was pushed")

    def forget(self) -> None:
        """Drops what was pushed so far."""
        self._pushed.clear()

    async def ending(self) -> int:
        """The close code; 1006 is a lost connection."""
        try:
            async with asyncio.timeout(self._patience):
                while True:
                    await self._socket.recv()
        except ConnectionClosed as error:
            return error.rcvd.code if error.rcvd else 1006
        except TimeoutError:
            raise Broken("the connection was not closed") from None

    def vanish(self) -> None:
        """Ends the connection as a lost network would."""
        self._socket.transport.abort()

    async def _next(self) -> Frame:
        async with asyncio.timeout(self._patience):
            return await self._read()

    async def _read(self) -> Frame:
        """The next frame, if it is one of the protocol."""
        text = text_of(await self._socket.recv())
        try:
            event = codec.decode_event(text)
        except ProtocolError as error:
            raise Broken(f"{error} {error.__cause__ or ''}".strip()) from error
        frame: Frame = json.loads(text)
        if frame.get("type") not in EVENTS:
            raise Broken(f"the server sent what is no event of version 1: {event or frame!r}")
        return frame


@contextlib.asynccontextmanager
async def caller(url: str, patience: float, **options: Any) -> AsyncIterator[Caller]:
    """A connected client, which does not ping by itself."""
    settings = {"compression": None, "ping_interval": None, "close_timeout": 1, **options}
    async with connect(url, **settings) as socket:
        yield Caller(socket, patience)
