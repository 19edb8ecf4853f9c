"""Which keys have room."""

from tui.widgets.keybar import Placed, placed
from tui.words.hints import Hint


def test_keys_that_do_not_fit_are_left_to_the_help() -> None:
    """The way back and the help always have their place."""
    hints = [Hint("e", "e", "Say"), Hint("f", "f", "Give up"), Hint("escape", "esc", "Back")]
    assert placed(hints, 30) == (
        Placed(hints[0], 1),
        Placed(hints[1], 8),
        Placed(hints[2], 21),
    )
    assert placed(hints, 20) == (Placed(hints[0], 1), Placed(hints[2], 11))
