"""What the top line of a game says."""

from shared.replay import code_of
from tests.tui.scenes import table
from tui.words.table import heading


def test_the_heading() -> None:
    """Clock, watchers and draws of a table are told in the top line."""
    assert heading(table("40", clock=30, watchers=2)) == "Game K7QF2M · 30 s a move · 2 watching"


def test_what_has_no_room_is_left_out() -> None:
    """Of the parts of a line the first ones stand, and no word is cut."""
    shown = table("03142", clock=30, watchers=2)
    assert heading(shown, 40) == f"Game K7QF2M · {code_of('03142')} · 30 s a move"
    assert heading(shown, 29) == f"Game K7QF2M · {code_of('03142')}"
    assert heading(shown, 0) == "Game K7QF2M"
