"""What the lobby says."""

import pytest

from shared.board import Mark
from shared.messages import Listing, Names
from tests.tui.snapshots import NOW, game
from tests.tui.stage import LIVE_GAMES, OPEN_GAMES
from tui.client.seats import SavedSeat
from tui.words.lobby import age_text, empty_text, listing_text, resume_text


def test_lobby_lines() -> None:
    """Who plays, which mark is free, the clock and the age, in the room that there is."""
    assert [listing_text(each, NOW, 40) for each in (*OPEN_GAMES, *LIVE_GAMES)] == [
        "Grace waits; you play o              now",
        "Barbara Liskov; you play x  30 s   3 min",
        "Edsger - Donald             10 s     1 h",
    ]
    assert listing_text(OPEN_GAMES[1], NOW, 34) == "Barbara Liskov waits  30 s   3 min"
    assert listing_text(OPEN_GAMES[1], NOW, 24) == "Barbara Li… 30 s   3 min"
    assert listing_text(OPEN_GAMES[1], NOW, 24, ascii_only=True) == "Barbara L.. 30 s   3 min"


def test_a_wide_name_does_not_break_a_lobby_line() -> None:
    """Names of double width are cut by what they take."""
    wide = Listing(id="7Q2M4K", names=Names(x="井上" * 5, o=None), mark=Mark.O, clock=0, since=NOW)
    assert listing_text(wide, NOW, 24) == "井上井上井上井上…    now"


@pytest.mark.parametrize(
    ("ms", "text"), [(-5, "now"), (59_999, "now"), (60_000, "1 min"), (7_200_000, "2 h")]
)
def test_ages(ms: int, text: str) -> None:
    """How long a game has been listed."""
    assert age_text(ms) == text


def test_an_empty_list_says_only_what_is_known() -> None:
    """Nobody waits is said only when the server has said so."""
    assert empty_text("open", online=False, known=True) == "not known without a connection"
    assert empty_text("open", online=True, known=False) == "looking…"
    assert empty_text("live", online=True, known=True) == "none now"


def test_resume_offers() -> None:
    """The offer to resume says whose turn it is."""
    seat = SavedSeat(url="embedded", id="K7QF2M", token=f"x.{'A' * 22}", saved_at=NOW)
    texts = [resume_text(seat, each) for each in (game("40"), game("4"), game(o=None))]
    assert texts == [
        "Resume K7QF2M (your turn)",
        "Resume K7QF2M (their turn)",
        "Resume K7QF2M (waiting)",
    ]
