"""What was played before: it makes no request, and no end of a connection, dearer."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from backend.core.ports import Store
from backend.local.limits import CappedStore
from backend.local.sqlite import SqliteStore
from backend.local.store_wrapper import StoreWrapper, T
from shared import messages as wire
from tests.backend.harness import Harness
from tests.backend.memory import MemoryStore

MANY = 1_000


class Counted(StoreWrapper):
    """A store whose calls are counted."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.calls = 0

    def _pass(self, call: Callable[[], T]) -> T:
        self.calls += 1
        return call()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    with closing(SqliteStore(":memory:")) as opened:
        yield opened


def calls_after(games: int, store: Store) -> tuple[list[int], Counter[str]]:
    """The calls of a start, a join and a disconnect after so many games; who was pushed to then."""
    counted = Counted(store)
    table = Harness(CappedStore(counted))
    for _ in range(games):
        table.clock.advance(ms=1)
        game_id = table.seat_two()
        table.send("bob", wire.Resign(id=game_id))
    playing = table.seat_two()
    posts: Counter[str] = Counter()
    table.connections.on_post = lambda connection: posts.update([connection])
    found = []
    for deed in (
        lambda: table.start("ada"),
        lambda: table.join("ada", table.start("eve").id),
        lambda: table.hang_up("ada"),
    ):
        counted.calls = 0
        deed()
        found.append(counted.calls)
    assert table.game(playing).players.x == wire.Player(
        name="Player X", online=False, away="lost", away_at=table.clock.now()
    )
    return found, posts


def test_history_costs_nothing(store: Store) -> None:
    """After a thousand games on one connection all costs what it costs after two."""
    with closing(SqliteStore(":memory:")) as fresh:
        few = calls_after(2, fresh)
    assert calls_after(MANY, store) == few


def test_the_last_game_is_told(store: Store) -> None:
    """Who looks at a game that is just over sees the opponent go, and can have a rematch yet."""
    table = Harness(store)
    for _ in range(3):
        table.clock.advance(ms=1)
        game_id = table.finish()
    table.send("bob", wire.Rematch(id=game_id))
    table.hang_up("bob")
    told = [event for event in table.heard("ada") if isinstance(event, wire.Presence)]
    assert [(event.id, event.online) for event in told] == [(game_id, False)]
    reply = table.send("ada", wire.Rematch(id=game_id))
    assert isinstance(reply, wire.RematchOffered)
    assert reply.next


def test_older_games_are_there(store: Store) -> None:
    """A game that was finished before another still has its rematch, and its seats."""
    table = Harness(store)
    started = table.start("ada")
    table.join("bob", started.id)
    table.play(started.id, "03142")
    table.clock.advance(ms=1)
    table.finish()
    table.send("bob", wire.Rematch(id=started.id))
    table.hang_up("ada")
    assert isinstance(started.token, str)
    resumed = table.send("ada2", wire.Resume(id=started.id, token=started.token))
    assert isinstance(resumed, wire.Resumed)
    accepted = table.send("ada2", wire.Rematch(id=started.id))
    assert isinstance(accepted, wire.RematchOffered)
    assert accepted.next


def test_a_watcher_who_closes_is_not_counted(store: Store) -> None:
    """A watcher whose connection ends is counted no more, and nobody is told of it."""
    table = Harness(store)
    game_id = table.seat_two()
    table.send("eve", wire.Watch(id=game_id))
    assert table.game(game_id).watchers == 1
    table.hang_up("eve")
    assert table.game(game_id).watchers == 0
    assert table.heard("ada") == table.heard("bob") == []
