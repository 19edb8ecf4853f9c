"""The last words to a player who goes."""

import sys
import time
from collections.abc import Iterator

import pytest

from shared.board import Mark
from tests.tui.snapshots import NOW, game
from tui.client.state import Table
from tui.words.farewell import farewell

COMMAND = "noughts-tui join K7QF2M"
BACK = f"You can come back until 14:00: {COMMAND}"
OVER = game("0", "resigned", winner=Mark.X)


if sys.platform == "win32":
    pytest.skip("the time zone cannot be set", allow_module_level=True)


@pytest.fixture(autouse=True)
def greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clocks show the same everywhere."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (Table(game("0"), Mark.O), [BACK]),
        (
            Table(game("0"), Mark.O, pending=4),
            ["Your last move has not reached the server.", BACK],
        ),
        (
            Table(game("0"), Mark.O, asked=frozenset({"resign"})),
            ["What you asked for last has not reached the server.", BACK],
        ),
        (Table(game("0")), []),
        (Table(OVER, Mark.O), []),
        (Table(game("0"), Mark.O, replaced=True), []),
        (Table(game("0"), Mark.O, gone=True), []),
        (Table(game(o=None), Mark.X), []),
    ],
)
def test_farewell(table: Table, said: list[str]) -> None:
    """Whoever leaves a running game hears how to come back and until when, and what was lost."""
    assert list(farewell(table, COMMAND, NOW)) == said
