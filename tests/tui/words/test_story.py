"""A finished game in words."""

import pytest

from shared.board import Mark
from shared.messages import Status
from tests.tui.snapshots import game
from tui.words.story import (
    Story,
    headline,
    move_text,
    review_text,
    share_card,
    step_text,
    story_of,
)

NAMES = ("Ada", "Bob")


def test_a_story() -> None:
    """A finished game in words."""
    assert move_text("01428", 2) == "2  o  top  ?"
    assert step_text("01428", 0) == "Before the first of 5 moves"
    assert step_text("01428", 4) == "Move 4 of 5: o takes the top right"
    assert (
        review_text("01428") == "Move 2 (top) was the mistake: the centre would have held the draw."
    )
    assert headline(Story("01428", NAMES)) == "Ada (x) beat Bob (o) in 5 moves"
    assert headline(Story("012435768", NAMES)) == "Ada (x) and Bob (o) drew"
    assert headline(Story("01428")) == "x beat o in 5 moves"


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("resigned", "gave up"),
        ("timeout", "ran out of time"),
        ("abandoned", "did not come back"),
    ],
)
def test_a_story_that_the_board_does_not_end(status: Status, why: str) -> None:
    """Who won without three in a row is told, and no move is said to have lost the game."""
    story = story_of(game("40", status, winner=Mark.O))
    assert headline(story) == f"Bob (o) won: Ada (x) {why} after 2 moves"
    assert headline(story_of(game("4", status, winner=Mark.X))).endswith(f"{why} after 1 move")
    assert review_text("40") == ""
    assert headline(Story("40")) == "2 moves, not finished on the board"


def test_a_share_card() -> None:
    """The result can be pasted anywhere, with emoji or without."""
    assert share_card(Story("01428", NAMES)).splitlines()[1:4] == ["❌⭕⭕", "⬜❌⬜", "⬜⬜❌"]
    plain = share_card(Story("01428", NAMES), plain=True)
    assert plain.isascii()
    assert plain.splitlines()[1] == " x o o"
    assert plain.splitlines()[4].startswith("Replay: noughts-tui replay R-")
