"""What a refused player reads, to the last letter, and what the operator counts."""

import pytest

from backend.core.game import rematch_of
from backend.core.ports import Metric
from shared import messages as wire
from shared.errors import ErrorCode
from tests.backend.core.test_rematch import ask, next_of
from tests.backend.harness import Harness
from tests.backend.memory import MemoryStore


@pytest.fixture
def table() -> Harness:
    return Harness()


def read(table: Harness, who: str, request: wire.AnyRequest) -> tuple[ErrorCode, str]:
    error = table.error(who, request)
    return error.code, error.message


def test_a_token_that_is_no_right(table: Harness) -> None:
    """A wrong token is told to be wrong, and not why."""
    request = wire.Resume(id=table.start().id, token="x." + "0" * 22)
    assert read(table, "eve", request) == (
        ErrorCode.BAD_TOKEN,
        "That token is not the right to a seat of this game.",
    )


def test_the_other_seat(table: Harness) -> None:
    """Who holds one seat is told so when the other is asked for."""
    started = table.start("ada")
    table.join("bob", started.id)
    assert isinstance(started.token, str)
    assert read(table, "bob", wire.Resume(id=started.id, token=started.token)) == (
        ErrorCode.OWN_GAME,
        "You hold the other seat with this connection.",
    )


def test_a_waiting_game_of_others(table: Harness) -> None:
    """A quick match cannot bring along what is not one's own."""
    request = wire.QuickMatch(id=table.start("ada", listed=True).id)
    assert read(table, "bob", request) == (
        ErrorCode.NOT_SEATED,
        "That waiting game is not yours.",
    )


def test_too_many_words(table: Harness) -> None:
    """Who says two things at once is told when the next can be said."""
    game_id = table.seat_two()
    request = wire.Emote(id=game_id, emote="gg")
    table.send("ada", request)
    table.clock.advance(ms=1)
    error = table.error("ada", request)
    assert (error.code, error.message) == (ErrorCode.TOO_EARLY, "One emote a second is enough.")
    assert error.retry_at == table.clock.now() - 1 + 1000


def test_a_rematch_that_is_gone(table: Harness) -> None:
    """A rematch whose game has expired is told to be gone."""
    game_id = table.finish()
    ask(table, "ada", game_id)
    new = next_of(ask(table, "bob", game_id))
    assert isinstance(table.store, MemoryStore)
    del table.store.games[new.id]
    assert read(table, "ada", wire.Rematch(id=game_id)) == (
        ErrorCode.NO_SUCH_GAME,
        "The rematch of this game is gone.",
    )


def test_the_code_of_a_rematch_is_the_next_free_one(table: Harness) -> None:
    """A rematch takes the first code that nobody has."""
    game_id = table.finish()
    ask(table, "ada", game_id)
    old = table.stored(game_id)
    codes = [rematch_of(old, attempt, table.at) for attempt in range(3)]
    for taken in codes[:2]:
        table.store.create(taken, table.at)
    assert next_of(ask(table, "bob", game_id)).id == codes[2].id


def test_what_is_counted(table: Harness) -> None:
    """A game, its rematch and a lost connection are counted once each."""
    game_id = table.finish()
    assert table.metrics.counts[Metric.STARTED] == 1
    ask(table, "ada", game_id)
    ask(table, "bob", game_id)
    assert table.metrics.counts[Metric.STARTED] == 2
    assert table.metrics.counts[Metric.GONE] == 0
