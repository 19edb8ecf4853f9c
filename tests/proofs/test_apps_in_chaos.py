"""Two people at two real apps, between them a gateway on which everything fails at times."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from random import Random

import pytest

from backend.core.game import Moment
from backend.local import chaos
from backend.local.limits import Limits
from backend.local.sqlite import SqliteStore
from tests.e2e.players import Person
from tests.proofs.counts import count
from tui.app import create_app
from tui.client.client import Client
from tui.client.seats import Seats
from tui.client.timing import Timing
from tui.options import JoinGame, Opening, Options, StartGame
from tui.record import RecordFile
from tui.screens.game import GameScreen

# A minute of the real waiting in a second or two; the order of the spans is the real one.
HASTY = Timing(
    dial=5,
    reply=0.5,
    pause=0.02,
    pause_most=0.2,
    reconnect=0.02,
    reconnect_most=0.2,
    steady=1,
    pulse=1,
    silence=0.4,
    silence_most=1,
)
PATIENCE_SECONDS = 90
NUDGE_SECONDS = 0.2


@asynccontextmanager
async def at_the_app(url: str, home: Path, opening: Opening) -> AsyncIterator[Person]:
    """Somebody who came with this wish, and whose client waits less long than a real one."""
    options = Options(url=url, motion="reduced", opening=opening)
    client = Client(url, Seats(home), timing=HASTY)
    app = create_app(options, client=client, record=RecordFile(home), remember=lambda _: None)
    async with app.run_test(size=(80, 24)) as pilot:
        yield Person(pilot, app)


async def until(person: Person, seen: Callable[[], bool]) -> None:
    """Waits until something is so; looks again now and then, for a screen tells of no change."""
    happened = asyncio.Event()
    forget = person.client.subscribe(lambda *_: happened.set())
    while not seen():
        try:
            async with asyncio.timeout(NUDGE_SECONDS):
                await happened.wait()
        except TimeoutError:
            pass
        happened.clear()
        await person.pilot.pause()
    forget()


async def play(person: Person, chance: Random) -> None:
    """Presses a key for a free cell whenever it is this person's turn, until the game is over."""
    while True:
        await until(person, lambda: _is_seated(person))
        await until(person, lambda: person.table.my_turn or person.table.finished)
        if person.table.finished:
            break
        await person.press(str(1 + chance.choice(person.table.choices)))
    await until(person, lambda: person.shows() == person.game.moves)


def _is_seated(person: Person) -> bool:
    return isinstance(person.app.screen, GameScreen) and bool(person.client.state.tables)


async def play_through(home: Path, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 (it must be repeatable)
    with closing(SqliteStore(home / "games")) as store:
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            chaos.serve(store, seed, limits=Limits(rate=0, close_seconds=0.1)) as gateway,
            at_the_app(gateway.url, home / "ada", StartGame()) as ada,
        ):
            await until(ada, lambda: bool(ada.client.state.tables))
            code = ada.game.id
            async with at_the_app(gateway.url, home / "bob", JoinGame(code)) as bob:
                await asyncio.gather(play(ada, chance), play(bob, chance))
                stored = store.load(code, Moment(0, 0))
                assert stored is not None
                for who in (ada, bob):
                    assert who.shows() == stored.moves
                    assert (who.game.status, who.game.winner) == (stored.status, stored.winner)
                    winner = stored.winner
                    result = "A draw" if winner is None else "You win"
                    if winner is not None and who.table.seat is not winner:
                        result = f"Player {winner.upper()} wins"
                    assert who.sentence().startswith(result)


@pytest.mark.parametrize("seed", range(count(2, 100)))
async def test_both_screens_end_as_the_store(seed: int, tmp_path: Path) -> None:
    """Whatever fails on the way, two apps finish their game and show what is stored."""
    await play_through(tmp_path, seed)
