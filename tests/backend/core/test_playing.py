"""Moves: judged by the server, written once, never lost, never twice."""

import pytest
from msgspec import UNSET

from backend.core.ports import Metric
from shared import board, codec
from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode
from tests.backend.harness import Harness
from tests.backend.meddling import MeddledStore, refused
from tests.backend.memory import MemoryStore


@pytest.fixture
def table() -> Harness:
    return Harness()


def play(game_id: str, cell: int, after: str | None = None) -> wire.Play:
    return wire.Play(id=game_id, tile=board.tile_of(cell), after=UNSET if after is None else after)


def test_a_move_is_told_to_the_opponent(table: Harness) -> None:
    """The reply and the push of a move are the same event with the whole game."""
    game_id = table.seat_two()
    reply = table.send("ada", play(game_id, 4, ""))
    assert isinstance(reply, wire.Played)
    assert (reply.mark, reply.tile) == (Mark.X, "1,1")
    assert (reply.game.moves, reply.game.board, reply.game.turn) == ("4", "....x....", Mark.O)
    assert table.heard("bob") == [reply]
    assert table.heard("ada") == []


def test_a_move_without_ref_is_silent(table: Harness) -> None:
    """The simplest client reads one frame a turn: its own move is answered only when refused."""
    game_id = table.seat_two()
    assert table.frame("ada", codec.encode(play(game_id, 4))) is None
    assert [type(event) for event in table.heard("bob")] == [wire.Played]
    refused = table.frame("ada", codec.encode(play(game_id, 0)))
    assert isinstance(refused, wire.Error)
    assert refused.code is ErrorCode.NOT_YOUR_TURN


@pytest.mark.parametrize(
    ("moves", "status", "winner", "lines"),
    [
        ("03142", "won", Mark.X, ((0, 1, 2),)),
        ("031485", "won", Mark.O, ((3, 4, 5),)),
        ("012435867", "drawn", None, ()),
    ],
)
def test_games_end(
    table: Harness, moves: str, status: str, winner: Mark | None, lines: object
) -> None:
    """A game is won by a line and drawn by a full board; the server says which lines."""
    game_id = table.seat_two()
    game = table.play(game_id, moves)
    assert (game.status, game.winner, game.lines) == (status, winner, lines)
    scored = wire.Series(
        x=int(winner is Mark.X), o=int(winner is Mark.O), drawn=int(status == "drawn")
    )
    assert game.series == scored


def test_one_move_completes_two_lines(table: Harness) -> None:
    """A last move that completes two lines reports both."""
    game_id = table.seat_two()
    game = table.play(game_id, "142537680")
    assert (game.status, game.lines) == ("won", ((0, 1, 2), (0, 3, 6)))


def test_refusals_in_their_order(table: Harness) -> None:
    """What a move is judged by, in the protocol's order."""
    waiting = table.start("carol").id
    game_id = table.seat_two()
    over = table.finish()
    table.play(game_id, "4")
    table.heard("bob")
    cases = [
        ("ada", play("ZZZZZZ", 4), ErrorCode.NO_SUCH_GAME),
        ("eve", play(game_id, 4), ErrorCode.NOT_SEATED),
        ("eve", play(over, 8), ErrorCode.NOT_SEATED),
        ("carol", play(waiting, 4), ErrorCode.NOT_STARTED),
        ("carol", play(waiting, 4, ""), ErrorCode.NOT_STARTED),
        ("ada", play(over, 8), ErrorCode.GAME_OVER),
        ("bob", play(over, 8, "0314"), ErrorCode.GAME_OVER),
        ("bob", play(game_id, 0, ""), ErrorCode.STALE),
        ("ada", play(game_id, 0, "41"), ErrorCode.STALE),
        ("ada", play(game_id, 0), ErrorCode.NOT_YOUR_TURN),
        ("ada", play(game_id, 0, "4"), ErrorCode.NOT_YOUR_TURN),
        ("bob", play(game_id, 4), ErrorCode.TILE_TAKEN),
        ("bob", play(game_id, 4, "4"), ErrorCode.TILE_TAKEN),
    ]
    before = {game: table.stored(game) for game in (waiting, game_id, over)}
    for who, request, code in cases:
        error = table.error(who, request)
        assert (error.code, error.id) == (code, request.id)
        assert (error.game is not UNSET) == (who != "eve" and request.id != "ZZZZZZ")
    assert {game: table.stored(game) for game in before} == before
    assert table.heard("ada") == table.heard("bob") == []


def test_stale_shows_the_truth(table: Harness) -> None:
    """Who plays on an old board is told how it stands."""
    game_id = table.seat_two()
    table.play(game_id, "40")
    error = table.error("ada", play(game_id, 8, ""))
    assert error.code is ErrorCode.STALE
    assert error.game is not UNSET
    assert error.game.moves == "40"


@pytest.mark.parametrize("moves", ["4", "03142"])
@pytest.mark.parametrize("with_after", [True, False])
def test_the_same_move_again(table: Harness, moves: str, with_after: bool) -> None:
    """A move whose reply was lost is repeated with success, even when it ended the game."""
    game_id = table.seat_two()
    game = table.play(game_id, moves)
    table.heard("bob")
    again = play(game_id, int(moves[-1]), moves[:-1] if with_after else None)
    reply = table.send("ada", again)
    assert isinstance(reply, wire.Played)
    assert reply.game == game
    assert table.heard("bob") == [reply]


def test_a_move_costs_one_write_and_no_read() -> None:
    """A move that says what it saw touches the store once."""
    store = MemoryStore()
    table = Harness(store)
    game_id = table.seat_two()
    store.calls.clear()
    table.send("ada", play(game_id, 4, ""))
    table.send("bob", play(game_id, 0))
    assert store.calls == ["append_move", "load", "append_move"]


def test_a_move_is_counted_when_the_game_ends(table: Harness) -> None:
    """An operator sees games started and finished, moves and refusals."""
    table.finish()
    table.refused("eve", wire.Play(id="ZZZZZZ", tile="0,0"))
    assert table.metrics.counts == {
        "GamesStarted": 1,
        "GamesFinished": 1,
        "Moves": 5,
        "RequestsRefused": 1,
    }


def test_a_gone_opponent_is_marked_away(table: Harness) -> None:
    """A push that finds nobody unbinds that seat, and the mover hears so; the move counts."""
    game_id = table.seat_two()
    table.connections.gone.add("bob")
    reply = table.send("ada", play(game_id, 4, ""))
    assert isinstance(reply, wire.Played)
    [event] = table.heard("ada")
    assert isinstance(event, wire.Presence)
    assert (event.mark, event.online, event.game.moves) == (Mark.O, False, "4")
    assert event.game.rev == reply.game.rev + 1
    assert table.stored(game_id).o.connection is None
    assert table.metrics.counts[Metric.GONE] == 1


def test_a_busy_store_is_no_mistake_of_the_player() -> None:
    """What is put off for the store's sake is counted apart from what is refused."""
    store = MeddledStore(MemoryStore())
    table = Harness(store=store)
    game_id = table.seat_two()
    store.next["append_move"] = refused
    assert table.refused("ada", play(game_id, 4, "")) is ErrorCode.BUSY
    assert dict(table.metrics.counts) == {Metric.STARTED: 1, Metric.BUSY: 1}
