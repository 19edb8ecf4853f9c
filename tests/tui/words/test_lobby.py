"""What the lobby says."""

import pytest

from shared.board import Mark
from shared.messages import Listing, Names
from tests.tui.snapshots import CODE, NOW, game
from tests.tui.stage import LIVE_GAMES, OPEN_GAMES
from tui.client.seats import SavedSeat
from tui.client.state import Missed
from tui.record import Finished, Record
from tui.words.lobby import (
    Preview,
    age_text,
    empty_text,
    last_games,
    listing_preview,
    listing_text,
    missed_lines,
    resume_text,
    seat_preview,
)


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


def test_the_last_games() -> None:
    """Each of the last games is told in a line: how it ended, against whom, and its replay code."""
    games = Finished("won", "Bob", "R-02F1"), Finished("lost", "x" * 30, "")
    assert last_games(Record(last=games), 29, rows=2) == [
        "won   Bob              R-02F1",
        "lost  xxxxxxxxxxxxxx…        ",
    ]
    assert last_games(Record(), 29, rows=2) == []


def test_what_is_told_of_a_marked_game() -> None:
    """Of a game of others the list tells who plays; of one that was left the board is known."""
    assert listing_preview(OPEN_GAMES[1], NOW) == Preview(
        "Barbara Liskov waits: you play x and begin",
        ("30 s a move; opened 3 min ago", "Game B4NNX1: enter joins"),
    )
    assert listing_preview(LIVE_GAMES[0], NOW) == Preview(
        "Edsger (x) plays Donald (o)",
        ("10 s a move; began 1 h ago", "Game W00T5Z: enter watches"),
    )
    seat = SavedSeat(url="embedded", id=CODE, token="x." + "A" * 22, saved_at=NOW)
    assert seat_preview(seat, game("4062")) == Preview(
        "Your turn", ("against Bob", "You play x"), "o.o.x.x.."
    )
    assert seat_preview(seat, game(o=None)).title == "Nobody has come yet"


def test_many_games_that_ended_unseen() -> None:
    """Of many games that ended unseen the last ones are told of, and the rest is counted."""
    missed = [Missed(f"A1B2C{number}", None) for number in range(6)]
    assert missed_lines(missed[:4]).splitlines() == [
        f"A1B2C{number}: no longer on the server" for number in range(4)
    ]
    assert missed_lines(missed[:5]).splitlines()[4:] == ["and 1 game more"]
    assert missed_lines(missed).splitlines()[4:] == ["and 2 games more"]
