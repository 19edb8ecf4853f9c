"""What is said to a player who waits."""

from tests.tui.scenes import table
from tui.words.waiting import offer_text, terms_text, waiting_text


def test_waiting() -> None:
    """The wait is counted, and after twenty seconds there is an offer."""
    assert waiting_text(7_400, ascii_only=False)[1:] == " Waiting for an opponent, 0:07"
    assert waiting_text(7_400, ascii_only=True).isascii()
    assert (offer_text(19_999), "computer" in offer_text(20_000)) == ("", True)
    assert terms_text(table(o=None, clock=30)) == "You play x and begin; 30 s a move"
