"""The code in what a player typed or pasted."""

import pytest

from tui.words.codes import code_in


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("K7QF2M", "K7QF2M"),
        (" k7q-f2m\n", "K7QF2M"),
        ("koooil", "K00011"),
        ("noughts-tui join K7QF2M --url wss://play.example.org/game", "K7QF2M"),
        ("Come and play: k7qf2m !", "K7QF2M"),
        ("noughts-tui watch --id K7QF2M", "K7QF2M"),
        ("K7QF2", None),
        ("", None),
        ("U7QF2M", None),
        ("x" * 10_000, None),
    ],
)
def test_a_code_is_found_in_what_was_pasted(text: str, code: str | None) -> None:
    """Case, hyphens and look-alikes are forgiven, and a whole command is understood."""
    assert code_in(text) == code
