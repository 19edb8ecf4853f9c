"""Every sentence to its last letter: what no other test reads to its end."""

from dataclasses import replace
from shlex import join

import pytest

from shared.board import Mark
from shared.messages import Listing, Names, Series
from tests.tui.scenes import table
from tests.tui.snapshots import BOB, CODE, NOW, game, left, player
from tests.tui.stage import online
from tui.client.seats import SavedSeat
from tui.client.state import ClientState, ConnectionStatus, Table
from tui.words.connection import connection_text
from tui.words.lobby import Preview, empty_text, listing_preview, listing_text, seat_preview
from tui.words.phrases import (
    clock_text,
    fitting,
    folded,
    join_words,
    server_name,
    too_small_text,
    wrapped,
)
from tui.words.player import PlayerView, player_view
from tui.words.status import Status, after, status
from tui.words.story import Story, move_text, step_text, story_of
from tui.words.table import heading
from tui.words.waiting import offer_text, terms_text, waiting_text

SEAT = SavedSeat(url="embedded", id=CODE, token=f"o.{'A' * 22}", saved_at=NOW)


def listing(mark: Mark | None, *, clock: int = 0, since: int = NOW) -> Listing:
    names = Names(x=None if mark is Mark.X else "Ada", o=None if mark is Mark.O else "")
    return Listing(id=CODE, names=names, mark=mark, clock=clock, since=since)


def test_a_terminal_that_is_too_small() -> None:
    """What is needed, what there is, and the two ways out."""
    assert too_small_text(38, 12).split("\n\n") == [
        "This terminal is too small",
        "38 x 12 now, 40 x 16 needed",
        "Enlarge it and go on; Ctrl+Q quits",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "no clock"),
        (59, "59 s a move"),
        (60, "1 min a move"),
        (90, "90 s a move"),
        (600, "10 min a move"),
    ],
)
def test_clocks(seconds: int, text: str) -> None:
    """Whole minutes are told as minutes, all else in seconds."""
    assert clock_text(seconds) == text


def test_what_just_fits_stands() -> None:
    """A part stands that fills its line to the last column."""
    assert fitting(["Game", "here"], 11) == "Game · here"
    assert fitting(["Game", "here"], 10) == "Game"


def test_a_server_without_a_host_is_shown_as_it_is() -> None:
    """What is no address is not made to look like one."""
    assert server_name("embedded") == "embedded"


@pytest.mark.parametrize("url", ["wss://play.example.org/game", f"wss://{'a?' * 40}", "ws://a b"])
def test_a_command_fills_its_lines(url: str) -> None:
    """A line is broken no sooner than it must be."""
    words = join_words(CODE, url)
    whole = len(join(words))
    assert folded(words, whole) == join(words)
    assert "\n" in folded(words, whole - 1)
    widths = [max(map(len, folded(words, width).split("\n"))) for width in range(20, whole)]
    assert all(filled <= width for filled, width in zip(widths, range(20, whole), strict=True))


def test_a_word_is_broken_where_the_line_ends() -> None:
    """A word with no line of its own fills every line but the last."""
    assert folded(("a" * 25,), 10) == "aaaaaaaaa\\\naaaaaaaaa\\\naaaaaaa"
    assert folded(("a" * 10,), 10) == "a" * 10
    assert folded(("?" * 20,), 10) == "'???????'\\\n'???????'\\\n'??????'"


def test_what_leaves_no_room_is_plain_on_request() -> None:
    """With plain characters a text is cut with dots."""
    state = ClientState(connection=ConnectionStatus.ONLINE)
    assert connection_text(state, "wss://play.example.org", 9, ascii_only=True) == "play.ex.."
    assert connection_text(state, "wss://play.example.org", 9) == "play.exa…"
    where = "x" * 90
    assert connection_text(state, where) == f"{'x' * 79}…"


def test_a_story_names_both() -> None:
    """Who played and how it ended, also where the board does not tell."""
    assert story_of(game("40", x=None)) == Story("40", ("Player X", "Bob"), None, "")
    assert story_of(game("40", o=None, status="timeout", winner=Mark.X)) == Story(
        "40", ("Ada", "Player O"), Mark.X, "ran out of time"
    )


def test_the_moves_of_a_story() -> None:
    """Each move has its number and its mark; only a mistake has a question mark."""
    assert [move_text("01428", number) for number in range(1, 6)] == [
        *("1  x  top left", "2  o  top  ?", "3  x  centre", "4  o  top right"),
        "5  x  bottom right",
    ]
    assert step_text("01428", 5) == "Move 5 of 5: x takes the bottom right"
    assert step_text("01428", 1) == "Move 1 of 5: x takes the top left"
    assert step_text("", 0) == "No move was made"


def test_the_wait() -> None:
    """The spinner goes on twice a second; the offer comes after twenty seconds."""
    frames = [waiting_text(ms, ascii_only=False)[0] for ms in (0, 499, 500, 999, 1000, 5000)]
    assert frames == ["⠋", "⠋", "⠙", "⠙", "⠹", "⠋"]
    assert [waiting_text(ms, ascii_only=True)[0] for ms in (0, 500, 1500, 2000)] == [*"|/\\|"]
    assert offer_text(20_000) == (
        "Nobody yet? Press p and play the computer meanwhile: this game stays open."
    )
    assert terms_text(table(o=None)) == "You play x and begin"
    assert terms_text(table(seat=Mark.O, x=None, clock=60)) == "You play o; 1 min a move"


def test_the_heading_counts_draws() -> None:
    """What was drawn before stands last."""
    shown = table("4", series=Series(x=0, o=0, drawn=2))
    assert heading(shown) == "Game K7QF2M · 2 draws"
    assert heading(table("4", series=Series(x=0, o=0, drawn=1))) == "Game K7QF2M · 1 draw"
    assert heading(table("4", watchers=7, clock=30), 80) == "Game K7QF2M · 30 s a move · 7 watching"


def test_a_game_that_was_left() -> None:
    """Whose turn it is, against whom, and the clock where there is one."""
    assert seat_preview(SEAT, game(x=None, clock=30)) == Preview(
        "Nobody has come yet", ("You play o", "30 s a move")
    )
    assert seat_preview(SEAT, game("40")) == Preview(
        "Their turn", ("against Ada", "You play o"), game("40").board
    )
    assert seat_preview(SEAT, game("4", clock=60)) == Preview(
        "Your turn", ("against Ada", "You play o", "1 min a move"), game("4").board
    )


def test_a_game_of_others() -> None:
    """Who plays or waits, on what terms, and what Enter does."""
    assert listing_preview(listing(None, clock=10, since=NOW - 120_000), NOW) == Preview(
        "Ada (x) plays Player O (o)",
        ("10 s a move; began 2 min ago", "Game K7QF2M: enter watches"),
    )
    assert listing_preview(listing(Mark.O), NOW) == Preview(
        "Ada waits: you play o", ("no clock; opened just now", "Game K7QF2M: enter joins")
    )
    assert listing_preview(listing(Mark.X), NOW) == Preview(
        "Player O waits: you play x and begin",
        ("no clock; opened just now", "Game K7QF2M: enter joins"),
    )


def test_a_list_without_games() -> None:
    """Only the list of open games says what to do about it."""
    assert empty_text("open", online=True, known=True) == "nobody waits: q to be the first"
    assert empty_text("live", online=True, known=True) == "none now"


def test_a_line_of_the_list_fills_its_columns() -> None:
    """The longest text stands that just fits, and a name keeps eight columns."""
    line = "Ada waits; you play o    now"
    assert listing_text(listing(Mark.O), NOW, len(line)) == line
    assert listing_text(listing(Mark.O), NOW, len(line) - 1) == "Ada; you play o         now"
    assert listing_text(listing(Mark.O, clock=600), NOW, 5) == "Ada wai… 600 s     now"


@pytest.mark.parametrize(
    ("shown", "tone"),
    [
        (table("4", replaced=True), "warn"),
        (table("4", gone=True), "warn"),
        (table("40"), "call"),
        (table("40", deadline=NOW - 1), "bad"),
        (table("4"), "calm"),
        (table("4", o=left(BOB, 40)), "warn"),
        (table("4", deadline=NOW - 1), "call"),
        (table("03142"), "good"),
        (table("03142", Mark.O), "bad"),
        (table("03142", None), "calm"),
        (table("012435768"), "calm"),
        (table("4", pending=0), "calm"),
    ],
)
def test_the_tone_of_a_sentence(shown: Table, tone: str) -> None:
    """What calls to act, what is good or bad news and what is wrong are coloured so."""
    assert status(online(shown), shown, NOW).tone == tone


def test_what_is_wrong_is_coloured_so() -> None:
    """Without a connection the sentence warns, and says below what is known of the cause."""
    shown = table("4")
    state = ClientState(connection=ConnectionStatus.FAILED, tables={shown.id: shown})
    assert status(state, shown, NOW) == Status("No connection", "warn")
    state = replace(state, failure="The server does not answer.")
    assert status(state, shown, NOW) == Status(
        "No connection", "warn", "The server does not answer."
    )


def test_what_is_said_to_who_watches() -> None:
    """Who left is told from who lost the connection, and what follows a game."""
    shown = table("4", None, o=left(BOB, 40))
    assert status(online(shown), shown, NOW).text == "Bob left 0:40 ago"
    assert after(table("48", None, status="resigned", winner=Mark.O), online=True) == ""
    assert after(table("03142", None, next="NEXT22"), online=True) == "They play another game"
    assert after(table(status="cancelled"), online=True) == ""


def test_a_player_who_is_not_there() -> None:
    """A free seat, a lost one and a series that has been drawn only."""
    waiting = table(o=None)
    assert player_view(online(waiting), waiting, Mark.O, NOW) == PlayerView(
        Mark.O, "nobody yet", away="not here yet"
    )
    unknown = table("4", o=player("Bob", online=False))
    assert player_view(online(unknown), unknown, Mark.O, NOW).away == "offline"
    for series, wins in (
        (Series(drawn=1), (0, 0)),
        (Series(x=1, o=1), (1, 1)),
        (Series(x=1, drawn=1), (1, 0)),
        (Series(), (None, None)),
    ):
        shown = table("4", series=series)
        seen = (player_view(online(shown), shown, mark, NOW).wins for mark in Mark)
        assert tuple(seen) == wins


@pytest.mark.parametrize(
    ("text", "cells", "lines"),
    [
        ("", 5, []),
        ("one two", 7, ["one two"]),
        ("one two", 6, ["one", "two"]),
        ("abcdef", 6, ["abcdef"]),
        ("abcdefg", 3, ["abc", "def", "g"]),
        ("a abcdefg", 4, ["a", "abcd", "efg"]),
        ("井上井上", 5, ["井上", "井上"]),
        ("井上", 1, ["井", "上"]),
    ],
)
def test_words_are_wrapped(text: str, cells: int, lines: list[str]) -> None:
    """A line holds as many words as fit, and a word is broken only where it has no line."""
    assert wrapped(text, cells) == lines
