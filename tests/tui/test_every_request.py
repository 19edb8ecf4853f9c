"""What the protocol offers reaches the player: no request is left out on the way to the keys."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs
from textual.binding import Binding

from shared.board import Mark
from shared.messages import REQUESTS, Series, Snapshot
from tests.tui.snapshots import ADA, NEXT, NOW, game
from tests.tui.stage import online
from tui.client.actions import TABLE_ACTIONS, legal_actions
from tui.client.client import Client
from tui.client.state import Table
from tui.plain.sentences import board_lines, stands, table_news
from tui.screens.game import GameScreen
from tui.words.player import player_view
from tui.words.status import status
from tui.words.table import heading

TUI = Path(__file__).parents[2] / "tui"
FULL_SCREEN_DOES_WITHOUT = {"ping": "asks for a table of others: for bots"}
LINE_MODE_DOES_WITHOUT = {
    "ping": "asks for a table of others: for bots",
    "take_back": "whoever types resume has the seat again",
    "leave": "line mode parts",
}


def trees(*places: str) -> Iterator[ast.AST]:
    for place in places:
        path = TUI / place
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            yield from ast.walk(ast.parse(file.read_text(encoding="utf-8")))


def made(*places: str) -> set[str]:
    """The types of which something is made there."""
    calls = (node.func for node in trees(*places) if isinstance(node, ast.Call))
    return {ast.unparse(call).removeprefix("wire.") for call in calls}


def asked_of_the_client(*places: str) -> set[str]:
    return {
        node.attr
        for node in trees(*places)
        if isinstance(node, ast.Attribute) and "client" in ast.unparse(node.value)
    }


def test_the_client_can_make_every_request() -> None:
    """There is no request that a player of this program could not send."""
    assert {kind.__name__ for kind in REQUESTS.values()} - made("client") == set()


def test_both_faces_offer_all_that_the_client_can_do() -> None:
    """What the client can ask has a key on the full screen and a command in line mode."""
    can = {
        name
        for name, member in vars(Client).items()
        if inspect.iscoroutinefunction(member) and not name.startswith("_")
    }
    assert can - asked_of_the_client("screens", "app.py") == FULL_SCREEN_DOES_WITHOUT.keys()
    assert can - asked_of_the_client("plain") == LINE_MODE_DOES_WITHOUT.keys()


PLAYING = game("4", clock=30, deadline=NOW + 30_000)
OVER = game("03142")
TOLD: dict[str, tuple[Snapshot, Snapshot]] = {
    "id": (PLAYING, structs.replace(PLAYING, id=NEXT)),
    "status": (game("4", "resigned", winner=Mark.X), game("4", "timeout", winner=Mark.X)),
    "moves": (game("4"), game("5")),
    "board": (game("4"), game("5")),
    "turn": (game("4"), game("40")),
    "winner": (game("4", "resigned", winner=Mark.X), game("4", "resigned", winner=Mark.O)),
    "lines": (game("01428"), game("03142")),
    "players": (PLAYING, structs.replace(PLAYING, players=game(x=ADA, o=ADA).players)),
    "clock": (PLAYING, structs.replace(PLAYING, clock=60)),
    "deadline": (PLAYING, structs.replace(PLAYING, deadline=NOW + 20_000)),
    "series": (OVER, structs.replace(OVER, series=Series(x=1, o=0))),
    "rematch": (OVER, structs.replace(OVER, rematch=Mark.O)),
    "next": (OVER, structs.replace(OVER, next=NEXT)),
    "watchers": (PLAYING, structs.replace(PLAYING, watchers=2)),
}
"""Two games for each field of a snapshot that differ in it, and in what must follow from it."""
UNTOLD = {"rev": "only tells which of two snapshots is newer"}


def full_screen(shown: Snapshot, seat: Mark | None) -> object:
    """All that the full screen says and offers of a game."""
    table = Table(game=shown, seat=seat)
    state = online(table)
    return (
        status(state, table, NOW),
        heading(table),
        [player_view(state, table, mark, NOW) for mark in Mark],
        legal_actions(state, table, NOW, practice=False),
        shown.moves,
    )


def test_every_field_of_a_snapshot_is_told() -> None:
    """What the server tells of a game, the screen tells the player or the one who watches."""
    assert TOLD.keys() | UNTOLD.keys() == set(Snapshot.__struct_fields__)
    untold = [
        field
        for field, (before, now) in TOLD.items()
        if all(full_screen(before, seat) == full_screen(now, seat) for seat in (Mark.X, None))
    ]
    assert untold == []


@pytest.mark.parametrize("field", ["status", "moves", "turn", "winner", "players", "rematch"])
def test_line_mode_says_what_changes(field: str) -> None:
    """In line mode each change of a game that calls for an act is said when it happens."""
    before, now = (Table(game=each, seat=Mark.X) for each in TOLD[field])
    assert (
        list(table_news(before, now, numpad=False))
        or stands(before, numpad=False) != stands(now, numpad=False)
        or list(board_lines(before.game, numpad=False)) != list(board_lines(now.game, numpad=False))
    )


def test_every_table_action_has_a_key() -> None:
    """A key of a table is legal only while its action is, and no action is without a key."""
    bound = {each.action for each in GameScreen.BINDINGS if isinstance(each, Binding)}
    assert bound == TABLE_ACTIONS | {"leave"}
