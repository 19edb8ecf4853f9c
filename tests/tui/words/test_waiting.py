"""What is said to a player who waits."""

from tests.tui.scenes import table
from tui.words.waiting import offer_text, terms_text, waiting_text, whom_text


def test_waiting() -> None:
    """The wait is counted, and after twenty seconds there is an offer."""
    assert waiting_text(7_400, ascii_only=False)[1:] == " Waiting for an opponent, 0:07"
    assert waiting_text(7_400, ascii_only=True).isascii()
    assert (offer_text(19_999), "computer" in offer_text(20_000)) == ("", True)
    assert terms_text(table(o=None, clock=30)) == "You play x and begin; 30 s a move"


def test_whom_one_waits_for() -> None:
    """A friend's game is seen by nobody else; an open one and a quick match say who can come."""
    assert whom_text("friend") == (
        "Waiting for a friend with this code",
        "Nobody else sees the game.",
    )
    assert whom_text("anybody")[0] == "Open to everybody in the lobby"
    assert whom_text("match") == (
        "Looking for an opponent",
        "Whoever asks for a quick match plays you, or a friend with this code.",
    )
    assert whom_text("")[0] == "Your game waits for an opponent"
