"""What tests of the client share: sleeps that the test ends, and what a server says."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from shared.board import Mark
from shared.errors import ErrorCode
from shared.messages import (
    Error,
    GatewayNotice,
    Joined,
)
from tests.tui.scripted import Peer
from tests.tui.snapshots import CODE, KEY, NOW, game
from tui.client.client import Client, Unreachable
from tui.client.state import ClientState, Happening

TOKEN_X = f"x.{KEY}"


TOKEN_O = f"o.{KEY}"


NOTICE = GatewayNotice(message="Forbidden", connection_id="a", request_id="b")


Opened = Callable[..., Client]


class Hourglass:
    """Sleeps that last until the test turns the glass; pauses below a second pass at once."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []
        self._more = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds < 1:
            await asyncio.sleep(0)
            return
        end = asyncio.Event()
        self._sleepers.append((self.now + seconds, end))
        self._more.set()
        await end.wait()

    async def asleep(self, seconds: float) -> None:
        """Waits until somebody sleeps who wakes in exactly so many seconds."""
        while not any(due == self.now + seconds for due, _ in self._sleepers):
            self._more.clear()
            await self._more.wait()

    def turn(self, seconds: float) -> None:
        self.now += seconds
        for due, end in self._sleepers:
            if due <= self.now:
                end.set()
        self._sleepers = [(due, end) for due, end in self._sleepers if due > self.now]


async def until(client: Client, true: Callable[[ClientState], object]) -> ClientState:
    """The first state of which something is true."""
    if true(client.state):
        return client.state
    found: asyncio.Future[ClientState] = asyncio.get_running_loop().create_future()

    def look(state: ClientState, happening: Happening) -> None:
        if true(state) and not found.done():
            found.set_result(state)

    stop = client.subscribe(look)
    try:
        return await asyncio.wait_for(found, 5)
    finally:
        stop()


async def seated(client: Client, peer: Peer, moves: str = "") -> None:
    """Sits the client at o of a game with these moves."""
    asking = asyncio.create_task(client.join(CODE))
    request = await peer.receives(id=CODE)
    reply = Joined(id=CODE, mark=Mark.O, token=TOKEN_O, game=game(moves), now=NOW)
    await peer.replies(request, reply)
    await asking


def error(code: ErrorCode, sentence: str = "No.", **fields: Any) -> Error:
    return Error(code=code, message=sentence, now=NOW, **fields)


async def gives_up(client: Client, asking: asyncio.Future[Any], how: str) -> None:
    """Waits for no answer any more: the player pressed Escape, or patience is over."""
    if how == "cancelled":
        asking.cancel()
    with pytest.raises(asyncio.CancelledError if how == "cancelled" else Unreachable):
        await asking
    assert client.state.tables == {}
