"""Two clients at a gateway that fails on purpose: they end equal to the store, by every seed."""

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from backend.local import chaos
from shared.errors import Refusal
from tests.backend.memory import MemoryStore
from tests.proofs.counts import count
from tui.client.client import Client, Unreachable
from tui.client.seats import Seats
from tui.client.state import ClientState, Happening
from tui.client.timing import Timing

GAMES = 2
SHORT = Timing(
    reply=0.3,
    patience=20,
    pause=0.02,
    pause_most=0.2,
    reconnect=0.02,
    reconnect_most=0.2,
    steady=0.5,
    pulse=0.5,
    silence=0.3,
    silence_most=1,
)


class Player:
    """Plays as a person does: looks, chooses, wants another game, and tries again when refused."""

    def __init__(self, client: Client, random: Random) -> None:
        self.client = client
        self._random = random
        self._changed = asyncio.Event()
        client.subscribe(self._look)

    def _look(self, _state: ClientState, _happening: Happening) -> None:
        self._changed.set()

    async def play(self, game_id: str, games: int) -> str:
        """Plays so many games and returns the code of the last."""
        while True:
            table = self.client.state.tables[game_id]
            assert not table.replaced
            assert not table.gone
            if table.onward is not None and table.onward in self.client.state.tables:
                game_id, games = table.onward, games - 1
                continue
            self._changed.clear()
            try:
                if table.my_turn:
                    await self.client.play(game_id, self._random.choice(table.choices))
                    continue
                if table.finished and games == 1:
                    return game_id
                if table.finished and table.game.rematch is not table.seat and not table.game.next:
                    await self.client.rematch(game_id)
                    continue
            except (Refusal, Unreachable):
                continue
            if self.client.state.tables[game_id] == table:
                await self._changed.wait()


async def persist(ask: Callable[[], object], done: Callable[[], bool]) -> None:
    """Asks until it is done, as a person would who is refused by a failing server."""
    while not done():
        try:
            await ask()  # type: ignore[misc]  # an awaitable, whatever it returns
        except (Refusal, Unreachable):
            continue


@pytest.mark.parametrize("seed", range(count(4, 100)))
async def test_games_through_a_failing_gateway(seed: int) -> None:
    """Games and their rematches are played to the end, and both boards are the server's."""
    random = Random(seed)  # noqa: S311 (a game, no secret)
    async with (
        asyncio.timeout(60),
        chaos.serve(MemoryStore(), seed) as gateway,
        Client(gateway.url, Seats(None), name="Ada", timing=SHORT) as ada,
        Client(gateway.url, Seats(None), name="Bob", timing=SHORT) as bob,
    ):
        await persist(ada.start, lambda: bool(ada.state.tables))
        (game_id,) = ada.state.tables
        await persist(lambda: bob.join(game_id), lambda: game_id in bob.state.tables)
        last = await asyncio.gather(
            Player(ada, random).play(game_id, GAMES), Player(bob, random).play(game_id, GAMES)
        )
        assert last[0] == last[1]
        truth = await ada.ping(last[0])
        for client in (ada, bob):
            table = client.state.tables[last[0]]
            assert (table.game.moves, table.game.status) == (truth.moves, truth.status)
            assert table.pending is None
