"""The game in sentences: each event said once, in words that stand for themselves."""

from dataclasses import replace
from typing import Any

import pytest

from shared.board import Mark
from shared.messages import Listing, Names, Player, Players
from tests.tui.snapshots import CODE, NOW, game, player, waiting
from tui.client.errors import ELSEWHERE
from tui.client.state import ClientState, ConnectionStatus, Said, Table
from tui.plain.sentences import (
    board_lines,
    connection_news,
    ended,
    help_text,
    listing,
    replayed,
    replayed_end,
    seated,
    stands,
    table_news,
)
from tui.words.digits import cell_of_digit, digit_of

ME = Table(game=game("4"), seat=Mark.O)
WATCHER = Table(game=game("4"))
WON = "03142"
DRAWN = "634802571"


def said(before: Table, now: Table, *, numpad: bool = False) -> list[str]:
    return list(table_news(before, now, numpad=numpad))


def seeing(table: Table, moves: str, **changes: Any) -> Table:
    return replace(table, game=game(moves, rev=50, **changes))


@pytest.mark.parametrize("numpad", [False, True])
def test_each_cell_has_its_digit(numpad: bool) -> None:
    """Nine digits are nine cells, both ways."""
    digits = [digit_of(cell, numpad=numpad) for cell in range(9)]
    assert digits == ([7, 8, 9, 4, 5, 6, 1, 2, 3] if numpad else [1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert [cell_of_digit(digit, numpad=numpad) for digit in digits] == list(range(9))
    assert "top left" in help_text(numpad=numpad)


def test_a_move() -> None:
    """A move is said with its cell, and then what can be done."""
    assert said(replace(ME, game=game()), ME) == [
        "x takes the centre.",
        "Your move; free: 1 2 3 4 6 7 8 9",
    ]
    assert said(ME, seeing(ME, "40")) == ["o takes the top left.", "Ada is to move."]
    assert said(WATCHER, seeing(WATCHER, "40")) == ["o takes the top left.", "Ada is to move."]
    assert said(ME, ME) == []


def test_moves_that_were_missed() -> None:
    """After a gap every move is said."""
    assert said(replace(ME, game=game()), seeing(ME, "403")) == [
        "x takes the centre.",
        "o takes the top left.",
        "x takes the left.",
        "Your move; free: 2 3 6 7 8 9",
    ]


def test_numpad() -> None:
    """Who plays on a number pad hears its digits."""
    assert stands(ME, numpad=True) == "Your move; free: 7 8 9 4 6 1 2 3"
    assert board_lines(ME.game, numpad=True) == ["7 8 9", "4 x 6", "1 2 3"]
    assert board_lines(ME.game, numpad=False) == ["1 2 3", "4 x 6", "7 8 9"]


def test_sitting_down() -> None:
    """Who sits down hears the code, the mark and the opponent."""
    assert seated(Table(game=waiting(), seat=Mark.X), numpad=False) == [
        "Game K7QF2M: you play x and wait for an opponent."
    ]
    assert seated(ME, numpad=False)[0] == "Game K7QF2M: you play o against Ada."
    assert seated(WATCHER, numpad=False) == [
        "You watch game K7QF2M: Ada plays x, Bob plays o.",
        "Bob is to move.",
    ]
    assert stands(Table(game=waiting(), seat=Mark.X), numpad=False) == "Nobody has come yet."
    clocked = Table(game=game(clock=30), seat=Mark.X)
    assert stands(clocked, numpad=False).startswith("Your move, 30 seconds; free: 1 2")


def test_an_opponent_comes() -> None:
    """A host hears who has come and that it is his move."""
    host = Table(game=waiting(), seat=Mark.X)
    assert said(host, replace(host, game=game())) == [
        "Bob has come and plays o.",
        "Your move; free: 1 2 3 4 5 6 7 8 9",
    ]


@pytest.mark.parametrize(
    ("changes", "mine", "theirs", "watched"),
    [
        ({}, "You win: the top row.", "Ada wins: the top row.", "Ada wins: the top row."),
        (
            {"status": "resigned"},
            "You win: Bob gave up.",
            "Ada wins: you gave up.",
            "Ada wins: Bob gave up.",
        ),
        (
            {"status": "timeout"},
            "You win: Bob ran out of time.",
            "Ada wins: you ran out of time.",
            "Ada wins: Bob ran out of time.",
        ),
        (
            {"status": "abandoned"},
            "You win: Bob did not come back.",
            "Ada wins: you did not come back.",
            "Ada wins: Bob did not come back.",
        ),
    ],
)
def test_how_it_ended(changes: dict[str, Any], mine: str, theirs: str, watched: str) -> None:
    """The end is said with its reason, from where one sits."""
    over = game(WON, **changes)
    assert ended(Table(game=over, seat=Mark.X)) == mine
    assert ended(Table(game=over, seat=Mark.O)) == theirs
    assert ended(Table(game=over)) == watched


def test_an_end_without_a_winner() -> None:
    """A draw and a cancelled game are said as such."""
    assert ended(Table(game=game(DRAWN))) == "A draw."
    cancelled = game(status="cancelled", turn=None)
    assert ended(Table(game=cancelled)) == "This game was cancelled."
    assert said(ME, seeing(ME, "4", status="cancelled")) == ["This game was cancelled."]


def test_the_last_move() -> None:
    """The move that ends a game is followed by the result and the code to replay it."""
    before = replace(ME, game=game(WON[:-1]))
    *_, move, result, code = said(before, seeing(ME, WON))
    assert (move, result) == ("x takes the top right.", "Ada wins: the top row.")
    assert code.startswith("Replay code: R-")


@pytest.mark.parametrize(
    ("away", "sentence"),
    [("lost", "Ada lost the connection."), ("left", "Ada has left the table.")],
)
def test_presence(away: Any, sentence: str) -> None:
    """Coming and going is said; nobody who merely lost the connection is said to have left."""
    gone = Player(name="Ada", online=False, away=away, away_at=NOW)
    absent = seeing(ME, "4", players=Players(x=gone, o=player("Bob")))
    assert said(ME, absent) == [sentence]
    assert said(absent, seeing(ME, "4")) == ["Ada is back."]
    myself = seeing(ME, "4", players=Players(x=player(), o=gone))
    assert said(ME, myself) == []


def test_a_rematch() -> None:
    """An offer, its answer and its lapse are said."""
    over = replace(ME, game=game(WON))
    theirs, mine = seeing(ME, WON, rematch=Mark.X), seeing(ME, WON, rematch=Mark.O)
    assert said(over, theirs) == ["Ada offers a rematch; type rematch to accept."]
    assert said(over, mine) == ["You offer a rematch."]
    assert said(theirs, over) == ["The offer of a rematch has lapsed."]
    watched = replace(WATCHER, game=game(WON))
    offered = replace(WATCHER, game=game(WON, rev=9, rematch=Mark.X))
    assert said(watched, offered) == ["Ada offers a rematch."]
    assert said(theirs, seeing(ME, WON, next="NEXT22")) == []


def test_what_else_is_heard() -> None:
    """Emotes, a seat taken by another terminal, a game that is gone."""
    assert said(ME, replace(ME, said=Said(Mark.X, "nice", NOW))) == ["Ada: Nice move!"]
    assert said(ME, replace(ME, replaced=True)) == [
        "Another terminal of yours plays this game now."
    ]
    assert said(ME, replace(ME, gone=True)) == ["The server no longer knows this game."]


def test_the_connection() -> None:
    """A lost connection is said once, and when it is back; a good first one is not."""
    start = ClientState()
    online = replace(start, connection=ConnectionStatus.ONLINE)
    lost = replace(start, connection=ConnectionStatus.RECONNECTING, attempts=1, failure="Lost.")
    assert list(connection_news(start, online)) == []
    assert list(connection_news(online, lost)) == ["The connection is lost; trying again."]
    assert list(connection_news(lost, replace(lost, attempts=2))) == []
    assert list(connection_news(lost, online)) == ["Connected again."]
    elsewhere = replace(lost, attempts=2, failure=ELSEWHERE)
    assert list(connection_news(lost, elsewhere)) == [ELSEWHERE]
    assert list(connection_news(elsewhere, replace(elsewhere, attempts=3))) == []
    refused = replace(start, attempts=1, failure="Nothing listens there.")
    assert list(connection_news(start, refused)) == ["Nothing listens there. Trying again."]
    failed = replace(start, connection=ConnectionStatus.FAILED, failure="No server.")
    assert list(connection_news(start, failed)) == ["No server."]


def test_the_lobby() -> None:
    """A line of the lobby says who waits, for which mark, with which clock."""
    names = Names(x="Ada", o=None)
    line = Listing(id=CODE, names=names, mark=Mark.O, clock=30, since=NOW)
    assert listing(line) == "K7QF2M: Ada waits, you would play o, 30 seconds a move"
    live = Listing(id=CODE, names=Names(x="Ada", o="Bob"), mark=None, clock=0, since=NOW)
    assert listing(live) == "K7QF2M: Ada against Bob"


def test_a_replay() -> None:
    """A finished game is read move by move, with its result."""
    assert list(replayed("40"))[-1] == "2. o takes the top left."
    assert replayed_end(WON) == "x wins: the top row."
    assert replayed_end(DRAWN) == "The game is drawn."
    assert replayed_end("4") == "There the game stopped."
