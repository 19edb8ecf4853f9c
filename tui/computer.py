"""The computer: a client that takes a seat like anybody else, and chooses with the solver.

It plays over the same protocol, so it can sit at any server. `Practice` is a player's own client
with the computer opposite, at a gateway of their own.
"""

import asyncio
import random as chance
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Any, Final, Protocol, Self

from shared.board import MarkChoice, free, outcome
from shared.errors import Refusal
from shared.solver import best_moves
from tui.client.address import Located
from tui.client.client import Client, Unreachable
from tui.client.seats import Seats
from tui.client.state import ClientState, Happening, Table
from tui.embedded import private
from tui.options import Level

LEVEL_NAMES: Final[dict[Level, str]] = {
    "easy": "Computer (easy)",
    "medium": "Computer (medium)",
    "perfect": "Computer (perfect)",
}

_THINKS_SECONDS: Final = (0.35, 0.8)
_TRIES_AGAIN_SECONDS: Final = 2.0
# Out of ten moves the easy computer looks before it leaps in so many.
_EASY_LOOKS: Final = 0.4


class Chance(Protocol):
    """The part of `random.Random` that a computer needs to be a little different each time."""

    def choice(self, options: Sequence[int], /) -> int: ...
    def random(self) -> float: ...
    def uniform(self, low: float, high: float, /) -> float: ...


def choose(moves: str, level: Level, random: Chance) -> int:
    """The cell that the computer plays after a legal history that is not over.

    Perfect never loses; medium wins and parries when it sees it at once; easy often overlooks both.
    """
    match level:
        case "perfect":
            return random.choice(best_moves(moves))
        case "medium":
            return random.choice(_winning(moves) or _parrying(moves) or free(moves))
        case "easy":
            looks = random.random() < _EASY_LOOKS
            return random.choice((looks and _winning(moves)) or free(moves))


def _winning(moves: str) -> tuple[int, ...]:
    """The cells that complete a line for the mark to move."""
    return tuple(cell for cell in free(moves) if outcome(f"{moves}{cell}").winner)


def _parrying(moves: str) -> tuple[int, ...]:
    """The cells where the other mark would complete a line."""
    return tuple(cell for cell in free(moves) if _would_win(moves, cell))


def _would_win(moves: str, cell: int) -> bool:
    # As if the mark to move passed: any other free cell in between does not complete the line.
    return any(
        outcome(f"{moves}{other}{cell}").winner
        for other in free(moves)
        if other != cell and not outcome(f"{moves}{other}").over
    )


class Computer:
    """Plays a game and its rematches for a client that sits there.

    ``run`` ends when nobody can want anything of it any more.
    """

    def __init__(
        self,
        client: Client,
        game_id: str,
        level: Level,
        *,
        random: Chance | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._game_id = game_id
        self._level = level
        self._random: Chance = random or chance.Random()  # noqa: S311 (a game, no secret)
        self._sleep = sleep
        self._news = asyncio.Event()

    async def run(self) -> None:
        unsubscribe = self._client.subscribe(self._listen)
        try:
            while (table := self._table()) is not None:
                if not await self._act(table):
                    self._news.clear()
                    if self._table() == table:
                        await self._news.wait()
        finally:
            unsubscribe()

    def _listen(self, _state: ClientState, _happening: Happening) -> None:
        self._news.set()

    def _table(self) -> Table | None:
        """The game being played now; None when it is gone."""
        tables = self._client.state.tables
        table = tables.get(self._game_id)
        while table is not None and table.onward is not None and table.onward in tables:
            table = tables[table.onward]
        if table is None or table.gone or table.replaced or table.game.status == "cancelled":
            return None
        self._game_id = table.id
        return table

    async def _act(self, table: Table) -> bool:
        """Does what the game asks of the computer; whether there was anything."""
        try:
            if table.my_turn:
                await self._sleep(self._random.uniform(*_THINKS_SECONDS))
                await self._client.play(table.id, self._chosen(table))
            elif table.finished and table.seat and table.game.rematch is table.seat.other:
                await self._client.rematch(table.id)
            else:
                return False
        except (Refusal, Unreachable):
            # The truth has been repainted or will be; it is looked at again after a while.
            await self._sleep(_TRIES_AGAIN_SECONDS)
        return True

    def _chosen(self, table: Table) -> int:
        return choose(table.game.moves, self._level, self._random)


Gateway = Callable[[], AbstractAsyncContextManager[str]]
"""Runs a gateway for as long as it is open, and says where."""


class PracticeClient(Client):
    """A player's client with the computer opposite; both go when it is closed."""

    def __init__(
        self, level: Level, *, name: str = "", gateway: Gateway = private, **injected: Any
    ) -> None:
        # These seats are nobody's to resume: the computer goes with its player.
        super().__init__(self._located, Seats(None), name=name, **injected)
        self._level = level
        self._opponent = Client(self._located, Seats(None), name=LEVEL_NAMES[level], **injected)
        self._computer: asyncio.Task[None] | None = None
        self._gateway = gateway
        self._url = ""
        self._opened = AsyncExitStack()

    async def _located(self, _needed: str | None) -> Located:
        return Located(self._url, self._url)

    async def __aenter__(self) -> Self:
        """Begins to connect, when there is a gateway.

        Raises:
            Unreachable: it does not start.
        """
        async with AsyncExitStack() as opened:
            self._url = await opened.enter_async_context(self._gateway())
            await opened.enter_async_context(self._opponent)
            self._opened = opened.pop_all()
        return await super().__aenter__()

    async def begin(self, mark: MarkChoice = "x") -> str:
        """Starts a game against the computer and returns its code."""
        table = await self.start(mark)
        await self._opponent.join(table.id)
        await self.ping(table.id)  # the news that the computer has come may be on its way yet
        self._computer = asyncio.create_task(Computer(self._opponent, table.id, self._level).run())
        return table.id

    def reconnect(self) -> None:
        """Both try again: they play at the same server."""
        super().reconnect()
        self._opponent.reconnect()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._computer is not None:
            self._computer.cancel()
            await asyncio.gather(self._computer, return_exceptions=True)
        await super().__aexit__(exc_type, exc, traceback)
        await self._opened.aclose()


async def practise(
    level: Level, *, name: str = "", gateway: Gateway = private
) -> tuple[PracticeClient, str]:
    """The player's client at a game against the computer, and the game's code.

    Raises:
        Unreachable: no gateway can be started.
    """
    async with AsyncExitStack() as unbegun:
        client = await unbegun.enter_async_context(
            PracticeClient(level, name=name, gateway=gateway)
        )
        game_id = await client.begin()
        unbegun.pop_all()
    return client, game_id
