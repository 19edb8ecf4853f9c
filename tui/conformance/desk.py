"""Where a promise is tried: connections to one server, and games that are ended at last."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Final, Self

from shared.board import tile_of
from tui.conformance.caller import Broken, Caller, Frame, caller

X_WINS: Final = "03142"
"""x takes the top row with the third move."""


class Desk:
    """Opens connections to one server, and sees to it that no game is left there.

    ``patience`` is how long a frame is awaited, seconds. ``slow`` allows what takes longer than
    that: clocks that run out.
    """

    def __init__(self, url: str, *, patience: float = 10, slow: bool = False) -> None:
        self._url = url
        self._patience = patience
        self._open = AsyncExitStack()
        self._tokens: dict[str, list[str]] = {}
        self.slow = slow

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._clear()
        finally:
            await self._open.aclose()

    async def caller(self, **options: Any) -> Caller:
        """One more connection."""
        opening = caller(self._url, self._patience, **options)
        return await self._open.enter_async_context(opening)

    async def callers(self, number: int) -> list[Caller]:
        return [await self.caller() for _ in range(number)]

    async def start(self, who: Caller, **fields: Any) -> Frame:
        """The reply to a `start`, whose game is ended at last."""
        return self.noted(await who.done("start", **fields))

    async def join(self, who: Caller, code: str, **fields: Any) -> Frame:
        return self.noted(await who.done("join", id=code, **fields))

    def noted(self, seated: Frame) -> Frame:
        """Notes a reply that gives a seat."""
        if "token" not in seated:
            raise Broken(f"the reply to who sits down has no token: {seated['type']}")
        self._tokens.setdefault(seated["id"], []).append(seated["token"])
        return seated

    async def seated(self, **fields: Any) -> tuple[Caller, Caller, str]:
        """x, o and the code of their game; nothing of it is unread."""
        x, o = await self.callers(2)
        code = str((await self.start(x, **fields))["id"])
        await self.join(o, code)
        await x.pushed("join")
        return x, o, code

    async def finished(self, moves: str = X_WINS) -> tuple[Caller, Caller, str]:
        """As `seated`, once these moves have ended the game."""
        x, o, code = await self.seated()
        await play(x, o, code, moves)
        x.forget()
        o.forget()
        return x, o, code

    async def _clear(self) -> None:
        """Ends each game: one that waits is left, one that runs is given up."""
        for code, tokens in self._tokens.items():
            cleaner = await self.caller()
            back = await cleaner.ask("resume", id=code, token=tokens[-1])
            status = back.get("game", {}).get("status")
            if status == "playing":
                await cleaner.ask("resign", id=code)
            await cleaner.ask("leave", id=code)


async def play(x: Caller, o: Caller, code: str, moves: str, after: str = "") -> Frame:
    """Plays on in turn; the reply to the last move."""
    reply: Frame = {}
    for place in range(len(after), len(moves)):
        reply = await (o if place % 2 else x).done("play", id=code, **move(moves[: place + 1]))
    return reply


def move(moves: str) -> dict[str, str]:
    """The fields of the last of these moves, by somebody who saw those before it."""
    return {"tile": tile_of(int(moves[-1])), "after": moves[:-1]}


Promise = Callable[[Desk], Awaitable[None]]
"""Plays at a desk. Its docstring is the promise.

Raises `Broken` with what the server did instead, or `Untried` with why it was not tried.
"""
