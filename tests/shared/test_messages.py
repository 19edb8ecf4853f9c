"""The messages as values."""

from typing import Any, get_args

import pytest
from hypothesis import given
from msgspec import UNSET
from msgspec.structs import replace

from shared.board import Mark
from shared.messages import (
    EVENTS,
    FINISHED,
    REQUESTS,
    AnyEvent,
    AnyRequest,
    InvalidField,
    Join,
    Names,
    Play,
    Player,
    Players,
    Rematch,
    Resume,
    Start,
    Started,
    Status,
    parse_token,
    token_of,
)
from tests.shared.wire import every, game


def test_the_protocol_has_these_messages() -> None:
    """No request and no event is more or less than the protocol says."""
    assert list(REQUESTS) == [
        *("start", "join", "match", "play", "resume", "leave", "resign", "claim", "rematch"),
        *("watch", "list", "emote", "ping"),
    ]
    assert sorted(EVENTS) == [
        *("claim", "emote", "error", "init", "join", "leave", "list", "play", "pong", "presence"),
        *("rematch", "replaced", "resign", "resume", "watch"),
    ]
    assert set(get_args(Status)) - FINISHED == {"waiting", "playing"}


def test_a_request_is_normal_as_soon_as_it_is_made() -> None:
    """Codes and names need no second look, whether they came over the wire or from a screen."""
    assert Join(id="k7q-f2m", name="  A\x1bda ") == Join(id="K7QF2M", name="Ada")
    assert Player(name="\x07", online=True, away=None, away_at=None).name == ""
    assert Names(x="\x1bAda", o=None).x == "Ada"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Join(id="U"), "id: a code has 6 letters and digits, without U"),
        (lambda: Start(clock=4), "clock: must be 0 or 5-600 seconds a move"),
        (lambda: Start(ref="\x00"), "ref: must be printable text"),
        (lambda: Play(id="K7QF2M", tile="1,1", after="00"), "after: no game can have this history"),
        (lambda: game("00"), "moves: no game can have this history"),
        (lambda: game(board="." * 9), "board: is not what these moves make"),
        (lambda: game(turn=Mark.O), "turn: is not what these moves make"),
        (lambda: game(lines=((0, 1, 2),)), "lines: are not what these moves make"),
    ],
)
def test_a_value_that_no_message_can_have_is_refused_where_it_is_made(make: Any, said: str) -> None:
    """A wrong field is named at once, also on the side that sends."""
    with pytest.raises(InvalidField) as caught:
        make()
    assert str(caught.value) == said


def test_a_snapshot_of_a_finished_game_has_no_turn() -> None:
    """When nobody is to move the turn is null, whatever the history."""
    assert game(turn=None).turn is None


def test_messages_are_values() -> None:
    """Equal messages are one, and none can be changed."""
    assert len({game(), game(), replace(game(), rev=4)}) == 2
    with pytest.raises(AttributeError):
        setattr(game(), "rev", 5)  # noqa: B010 (mypy knows better than to allow it)
    players = Players(x=None, o=Player(name="Bob", online=True, away=None, away_at=None))
    assert (players[Mark.X], players[Mark.O]) == (players.x, players.o)


def test_a_token_is_a_mark_and_a_key() -> None:
    """The right to a seat says which seat."""
    key = "Az09_-" * 3 + "abcd"
    assert parse_token(token_of(Mark.O, key)) == (Mark.O, key)
    assert parse_token(f"x.{key}") == (Mark.X, key)


@pytest.mark.parametrize(
    "token", ["", "x.", "z." + "k" * 22, "x" + "k" * 22, "x." + "k" * 21, "x." + "k" * 22 + "\n"]
)
def test_what_is_no_token_is_refused_and_not_repeated(token: str) -> None:
    """A wrong token is a secret too: it may be a right one, mistyped."""
    with pytest.raises(ValueError, match=r"^not a token$"):
        parse_token(token)


@given(every(AnyRequest), every(AnyEvent))
def test_nothing_secret_is_ever_shown(request: AnyRequest, event: AnyEvent) -> None:
    """Keys and tokens are in no `repr`, so that no log or traceback can hold them."""
    for message in (request, event):
        shown = f"{message!r} {message} {[message]!r} {message.__rich_repr__()}"
        for name in ("key", "token"):
            secret = getattr(message, name, UNSET)
            assert secret is UNSET or secret not in shown
            assert secret is UNSET or f"{name}='…'" in repr(message)


def test_a_repr_shows_the_rest() -> None:
    """What is no secret is shown as it is, so that a failed test can be read."""
    assert repr(Resume(id="K7QF2M", token="x.k")) == (
        "Resume(ref=UNSET, id='K7QF2M', token='…', v=1)"
    )
    assert repr(Rematch(id="K7QF2M", ref="1")) == "Rematch(ref='1', id='K7QF2M')"
    started = Started(id="K7QF2M", game=game(), now=1, mark=Mark.X)
    assert "token=UNSET" in repr(started)
