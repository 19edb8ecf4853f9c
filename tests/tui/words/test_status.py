"""The sentence that says where a game stands."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from shared.board import Mark, free, outcome
from shared.messages import Player
from shared.text import cell_width
from tests.tui.scenes import offline, table
from tests.tui.snapshots import BOB, NOW, left, lost
from tests.tui.stage import online
from tui.client.actions import can_claim
from tui.client.state import ClientState, ConnectionStatus, Table
from tui.words.phrases import shorter
from tui.words.status import Status, lines_of, status

WON = "03142"


def told(shown: Table, *, connection: ConnectionStatus = ConnectionStatus.ONLINE) -> Status:
    return status(replace(online(shown), connection=connection), shown, NOW)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (table(o=None), "Waiting for an opponent"),
        (table("40"), "Your turn"),
        (table("40", deadline=NOW + 41_500), "Your turn, 0:42"),
        (table("40", deadline=NOW - 1), "Your turn; your time is up and Bob can claim the game"),
        (
            table("40", o=lost(BOB, 7), bound_at=NOW - 60_000),
            "Your turn; Bob lost the connection; you can claim the game in 0:23",
        ),
        (table("40", pending=8), "Your move is on its way"),
        (table("40", asked=frozenset({"resign"})), "You give up; that is on its way"),
        (table("4", asked=frozenset({"claim"})), "Your claim is on its way"),
        (table("4"), "Bob is thinking"),
        (table("4", deadline=NOW + 61_000), "Bob is thinking, 1:01"),
        (table("4", deadline=NOW - 1), "Bob is out of time; you can claim the game"),
        (
            table("4", o=lost(BOB, 7), bound_at=NOW - 60_000),
            "Bob lost the connection; you can claim the game in 0:23",
        ),
        (
            table("4", o=lost(BOB, 60), bound_at=NOW - 10_000),
            "Bob lost the connection; you can claim the game in 0:20",
        ),
        (table("4", o=left(BOB, 40)), "Bob left; you can claim the game"),
        (table("4", None), "Bob is thinking"),
        (table("40", None, deadline=NOW + 9_000), "Ada is thinking, 0:09"),
        (table("4", None, o=lost(BOB, 75)), "Bob lost the connection 1:15 ago"),
        (table("4", replaced=True), "Another terminal of yours plays this game now"),
        (table("4", gone=True), "This game is no longer on the server"),
    ],
)
def test_a_running_game(shown: Table, text: str) -> None:
    """One sentence says whose turn it is, for how long, and what can be done."""
    assert told(shown).text == text


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (table(WON), "You win: the top row"),
        (table(WON, Mark.O), "Ada wins: the top row"),
        (table(WON, None), "Ada wins: the top row"),
        (table("01428"), "You win: the diagonal"),
        (table("012346578"), "You win: the right column and the diagonal"),
        (table("012435768"), "A draw"),
        (table("4", status="resigned", winner=Mark.X), "You win: Bob gave up"),
        (table("4", status="resigned", winner=Mark.O), "Bob wins: you gave up"),
        (table("4", None, status="resigned", winner=Mark.O), "Bob wins: Ada gave up"),
        (table("4", status="timeout", winner=Mark.X), "You win: Bob ran out of time"),
        (table("4", status="abandoned", winner=Mark.O), "Bob wins: you did not come back"),
        (table(o=None, status="cancelled"), "This game was cancelled"),
    ],
)
def test_a_finished_game(shown: Table, text: str) -> None:
    """The result in words, and why the game ended."""
    assert told(shown).text == text


@pytest.mark.parametrize(
    ("shown", "note"),
    [
        (table(WON), "Move 2 (left) was the mistake: the centre would have held the draw."),
        (table("4", status="resigned", winner=Mark.X), ""),
        (table(WON, rematch=Mark.O), "Bob wants a rematch"),
        (table(WON, rematch=Mark.X), "You offered a rematch; Bob has not answered yet"),
        (table(WON, o=left(BOB, 1)), "Bob has left the table"),
        (table(WON, o=lost(BOB, 1)), "Bob lost the connection"),
        (table(WON, error="Too many."), "Too many."),
        (table(WON, None, next="NEXT22"), "They play another game"),
        (table("40", error="That cell is taken."), "That cell is taken."),
    ],
)
def test_the_second_line(shown: Table, note: str) -> None:
    """Below stands a refusal, or what the other one does after the game."""
    assert told(shown).note == note


@pytest.mark.parametrize(
    ("connection", "text"),
    [
        (ConnectionStatus.CONNECTING, "Connecting…"),
        (ConnectionStatus.RECONNECTING, "Reconnecting… the game is kept"),
        (ConnectionStatus.FAILED, "No connection"),
    ],
)
def test_without_a_connection(connection: ConnectionStatus, text: str) -> None:
    """A lost connection is said, and never passed off as the opponent's thinking."""
    assert told(table("4"), connection=connection).text == text


def test_why_there_is_no_connection() -> None:
    """The reason stands below."""
    assert status(offline(table("4")), table("4"), NOW).note == "The server does not answer."


def test_a_result_stays_without_a_connection() -> None:
    """What is over is over."""
    shown = status(offline(table(WON)), table(WON), NOW)
    assert (shown.text, shown.note) == ("You win: the top row", "Reconnecting…")


def test_countdowns_follow_the_server_s_clock() -> None:
    """A wrong clock on this machine does not change what the player is told."""
    state = ClientState(connection=ConnectionStatus.ONLINE, offset_ms=-3_600_000)
    shown = table("40", deadline=NOW - 3_600_000 + 10_000)
    assert status(state, shown, NOW).text == "Your turn, 0:10"


@pytest.mark.parametrize(
    ("shown", "possible"),
    [
        (table("4"), False),
        (table("4", deadline=NOW + 1), False),
        (table("4", deadline=NOW), True),
        (table("40", deadline=NOW - 1), False),
        (table("4", o=left(BOB, 29)), False),
        (table("4", o=left(BOB, 30)), True),
        (table("40", o=lost(BOB, 30)), True),
        (table("4", None, o=left(BOB, 30)), False),
        (table("4", o=left(BOB, 30), replaced=True), False),
        (table(WON, o=left(BOB, 30)), False),
    ],
)
def test_when_a_claim_is_possible(shown: Table, possible: bool) -> None:
    """A claim is offered exactly when the server would grant it."""
    assert can_claim(online(shown), shown, NOW) is possible


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (table("40"), "Reconnecting… the game is kept"),
        (table("40", pending=8), "Reconnecting… your move is kept"),
        (table("40", asked=frozenset({"resign"})), "Reconnecting… then you give up"),
    ],
)
def test_what_is_kept_through_an_outage(shown: Table, text: str) -> None:
    """Without a connection a player reads what becomes of what he did last."""
    assert told(shown, connection=ConnectionStatus.RECONNECTING).text == text


def test_an_offer_on_its_way() -> None:
    """An offer of a rematch that has not arrived is told as such."""
    shown = table(WON, asked=frozenset({"rematch"}))
    assert told(shown).note == "Your offer of a rematch is on its way"


LONG = "Wwwwwwwwwwwwwwwwwwww"
SIZES = ((38, 2), (42, 2), (58, 3), (78, 3), (198, 3))


def reviewed_games() -> Iterator[str]:
    """Games that are over, with every kind of review."""
    walk = [""]
    while walk:
        moves = walk.pop()
        if outcome(moves).over:
            yield moves
        walk += [f"{moves}{cell}" for cell in {*free(moves)[:1], *free(moves)[-1:]}]


def assert_fits(shown: Status, cells: int, rows: int) -> None:
    """All of it stands in the room: whole words, whole clauses, the sentence first."""
    text, note = lines_of(shown, cells, rows)
    assert text
    assert len(text) + len(note) <= rows
    assert max(cell_width(line) for line in [*text, *note]) <= cells
    assert " ".join(text) in set(shorter(shown.text))
    assert " ".join(note) in {"", *shorter(shown.note)}


@pytest.mark.parametrize(("cells", "rows"), SIZES)
def test_every_review_is_told_whole_or_in_fewer_words(cells: int, rows: int) -> None:
    """At every size a review stands under the result: in full, or without its second half."""
    long = Player(name=LONG, online=True, away=None, away_at=None)
    for moves in reviewed_games():
        shown = told(table(moves, x=long, o=long))
        _, note = lines_of(shown, cells, rows)
        assert note
        assert_fits(shown, cells, rows)


def tables() -> list[Table]:
    """A table in each status, with the longest names and an error."""
    long = Player(name=LONG, online=True, away=None, away_at=None)
    late: dict[str, Any] = {"deadline": NOW - 1, "clock": 30, "error": "That cell is taken."}
    gone: dict[str, Any] = {
        "o": lost(long, 7),
        "bound_at": NOW - 60_000,
        "deadline": NOW + 599_000,
        "clock": 600,
    }
    return [
        table("40", x=long, o=long, **late),
        table("4", x=long, o=long, **late),
        table("40", x=long, **gone),
        table("4", x=long, **gone),
        table("40", x=long, o=left(long, 60), bound_at=NOW - 60_000),
        table("4", None, x=long, o=lost(long, 75)),
        table("40", x=long, o=long, pending=8),
        table("40", x=long, o=long, replaced=True, error="That cell is taken."),
        table("40", x=long, o=long, gone=True),
        table("012346578", x=long, o=long, rematch=Mark.X),
        table("012346578", x=long, o=long, rematch=Mark.O),
        table("40", x=long, o=long, status="timeout", winner=Mark.O),
        table("012346578", None, x=long, o=long),
    ]


@pytest.mark.parametrize(("cells", "rows"), SIZES)
def test_every_status_is_told_at_every_size(cells: int, rows: int) -> None:
    """With the longest names and the longest clocks nothing is cut in the middle."""
    for shown in tables():
        for connection in (ConnectionStatus.ONLINE, ConnectionStatus.RECONNECTING):
            assert_fits(told(shown, connection=connection), cells, rows)
