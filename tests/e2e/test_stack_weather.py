"""What the emulator does not show of AWS: indexes that lag, frames at once, no order of frames.

It is injected around the ports, with the games in the emulator's DynamoDB.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from backend.core.game import Game, Moment, Move, Seat
from backend.core.ports import Conflict, LobbyLine, Store
from backend.core.service import Service
from backend.handlers.entry import Handler
from backend.local import chaos
from backend.local.chaos import CALM
from backend.local.limits import Limits
from backend.local.store_wrapper import StoreWrapper
from shared.board import Mark, free, tile_of
from shared.messages import LobbyKind, Presence
from tests.backend.aws.bench import event
from tests.backend.aws.emulator import emulator
from tests.backend.memory import Counts, ManualClock, MemoryConnections
from tests.e2e.players import until
from tui.client.client import Client
from tui.client.seats import Seats
from tui.client.state import ClientState, Table
from tui.client.timing import Timing

T = TypeVar("T")

RACERS = 50
ROUNDS = 20
PATIENCE_SECONDS = 60
NOW = 1_760_000_000_000
AT = Moment(NOW, NOW // 1000 + 3600)
X = Seat(token="aa" * 32, connection="ada", bound_at=NOW)
O = Seat(token="bb" * 32, connection="bob", bound_at=NOW)  # noqa: E741 (the mark's name)
PLAYING = Game(id="K7QF2M", expires=AT.expires, status="playing", x=X, o=O, since=NOW)


def at_once(pool: ThreadPoolExecutor, race: Callable[[int], T]) -> list[T]:
    """What came of calls that all threads make at the same moment."""
    ready = threading.Barrier(RACERS)

    def run(racer: int) -> T:
        ready.wait()
        return race(racer)

    return list(pool.map(run, range(RACERS)))


def test_one_move_is_appended() -> None:
    """Of 50 moves written at once on one history exactly one is stored, twenty times."""
    store = emulator().store()
    with ThreadPoolExecutor(RACERS) as pool:
        for number in range(ROUNDS):
            match = replace(PLAYING, id=f"{number:06d}")
            store.create(match, AT)

            def write(racer: int, game_id: str = match.id) -> Game | Conflict:
                try:
                    return store.append_move(game_id, "ada", Move("", racer % 9), AT)
                except Conflict as conflict:
                    return conflict

            outcomes = at_once(pool, write)
            [won] = [outcome for outcome in outcomes if isinstance(outcome, Game)]
            lost = [outcome.current for outcome in outcomes if isinstance(outcome, Conflict)]
            assert lost == (RACERS - 1) * [won]
            assert store.load(match.id, AT) == won


def test_frames_of_one_connection_run_at_once() -> None:
    """Moves of one connection that are served at the same moment are one move."""
    store = emulator().store()
    clock = ManualClock(NOW)
    handler = Handler(Service(store, MemoryConnections(), clock, Counts()))

    def play(racer: int) -> tuple[str, str]:
        request = {"type": "play", "id": PLAYING.id, "tile": tile_of(racer % 9), "after": ""}
        answer = handler(event("MESSAGE", "ada", body=json.dumps({**request, "ref": "r"})))
        reply = json.loads(answer["body"])
        return reply.get("code", reply["type"]), reply["game"]["moves"]

    store.create(PLAYING, AT)
    with ThreadPoolExecutor(RACERS) as pool:
        outcomes = at_once(pool, play)
    stored = store.load(PLAYING.id, AT)
    assert stored is not None
    assert len(stored.moves) == 1
    assert {code for code, _ in outcomes} == {"play", "stale"}
    # Those who chose the tile that was played are answered as if it had been theirs.
    chosen = sum(racer % 9 == int(stored.moves) for racer in range(RACERS))
    assert outcomes.count(("play", stored.moves)) == chosen


class LateIndexes(StoreWrapper):
    """A store of which the first queries of an index see nothing yet."""

    def __init__(self, store: Store, late: int) -> None:
        super().__init__(store)
        self.late = late

    def games_of(self, connection: str) -> Sequence[tuple[str, Mark | None]]:
        return () if self._is_late() else super().games_of(connection)

    def lobby(
        self, kind: LobbyKind, since: int, *, clock: int | None = None, oldest_first: bool = False
    ) -> Sequence[LobbyLine]:
        lines = super().lobby(kind, since, clock=clock, oldest_first=oldest_first)
        return () if self._is_late() else lines

    def _is_late(self) -> bool:
        self.late -= 1
        return self.late >= 0


def test_a_lost_connection_that_no_index_shows_yet() -> None:
    """A player whose seat was not found at the disconnect is found away at the next push."""
    store = LateIndexes(emulator().store(), late=1)
    connections = MemoryConnections()
    handler = Handler(Service(store, connections, ManualClock(NOW), Counts()))
    store.create(PLAYING, AT)
    connections.gone.add("bob")
    handler(event("DISCONNECT", "bob"))
    assert store.load(PLAYING.id, AT) == PLAYING
    move = {"type": "play", "id": PLAYING.id, "tile": "1,1", "after": ""}
    handler(event("MESSAGE", "ada", body=json.dumps(move)))
    stored = store.load(PLAYING.id, AT)
    assert stored is not None
    assert (stored.moves, stored.o.away) == ("4", "lost")
    [told] = connections.take("ada")
    assert isinstance(told, Presence)
    assert (told.mark, told.online) == (Mark.O, False)


def client(url: str, home: Path, name: str) -> Client:
    timing = Timing(match_again=(0.05, 0.2), silence=0.2, silence_most=0.2, reply=2)
    return Client(url, Seats(home / name), name=name, timing=timing)


def current(state: ClientState) -> Table | None:
    """The table at which somebody sits now."""
    tables = [table for table in state.tables.values() if table.onward is None]
    return tables[-1] if tables else None


def playing(state: ClientState) -> bool:
    table = current(state)
    return table is not None and table.game.status == "playing"


@pytest.mark.parametrize("seed", range(3))
async def test_strangers_meet_and_play_in_bad_weather(seed: int, tmp_path: Path) -> None:
    """Two clients meet that no lobby showed, and play on though frames come late and twice."""
    games = emulator().store()
    faults = replace(
        CALM,
        arrival={"late": 0.3, "repeated": 0.1},
        delivery={"late": 0.3, "repeated": 0.1},
        late_seconds=0.03,
    )
    late = LateIndexes(games, late=2)
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        chaos.serve(late, seed, faults=faults, limits=Limits(rate=0)) as server,
        client(server.url, tmp_path, "ada") as ada,
        client(server.url, tmp_path, "bob") as bob,
    ):
        first = await asyncio.gather(ada.match(), bob.match())
        assert len({table.id for table in first}) == 2
        await asyncio.gather(until(ada, playing), until(bob, playing))
        await asyncio.gather(finish(ada), finish(bob))
        tables = [current(ada.state), current(bob.state)]
        seen = [table.game for table in tables if table is not None]
    assert {game.id for game in seen} == {seen[0].id}
    stored = games.load(seen[0].id, Moment(0, 0))
    assert stored is not None
    assert [(game.moves, game.status) for game in seen] == 2 * [(stored.moves, stored.status)]


async def finish(one: Client) -> None:
    """Plays the first free cell at every turn, until the game is over."""
    while True:
        await until(one, lambda now: (at := current(now)) is None or at.my_turn or at.finished)
        table = current(one.state)
        assert table is not None
        if table.finished:
            return
        await one.play(table.id, free(table.game.moves)[0])
