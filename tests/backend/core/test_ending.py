"""Resigning, claiming and the clock: how a game ends other than by a line."""

import pytest
from msgspec import UNSET

from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode
from tests.backend.harness import Harness


@pytest.fixture
def table() -> Harness:
    return Harness()


def claim(table: Harness, who: str, game_id: str) -> wire.Snapshot | int | None:
    """The game that was claimed, or when it can be."""
    reply = table.send(who, wire.Claim(id=game_id))
    if isinstance(reply, wire.Claimed):
        return reply.game
    assert isinstance(reply, wire.Error)
    assert reply.code is ErrorCode.TOO_EARLY
    assert reply.retry_at is not UNSET
    return reply.retry_at


def ended(game: wire.Snapshot | int | None) -> tuple[str, Mark | None]:
    assert isinstance(game, wire.Snapshot)
    return game.status, game.winner


def test_resigning_gives_the_game_to_the_opponent(table: Harness) -> None:
    """Who resigns has lost, at any time of a running game, and both hear it."""
    game_id = table.seat_two()
    reply = table.send("bob", wire.Resign(id=game_id))
    assert isinstance(reply, wire.Resigned)
    assert (reply.mark, reply.game.status, reply.game.winner) == (Mark.O, "resigned", Mark.X)
    assert reply.game.series == wire.Series(x=1)
    assert table.heard("ada") == [reply]


def test_resigning_again_is_no_error(table: Harness) -> None:
    """A resignation whose reply was lost is repeated with success; the opponent's is too late."""
    game_id = table.seat_two()
    first = table.send("bob", wire.Resign(id=game_id))
    assert table.send("bob", wire.Resign(id=game_id)) == first
    assert table.refused("ada", wire.Resign(id=game_id)) is ErrorCode.GAME_OVER


def test_who_may_resign(table: Harness) -> None:
    """Only a player of a running game resigns."""
    waiting = table.start("carol").id
    assert table.refused("carol", wire.Resign(id=waiting)) is ErrorCode.NOT_STARTED
    game_id = table.seat_two()
    assert table.refused("eve", wire.Resign(id=game_id)) is ErrorCode.NOT_SEATED


@pytest.mark.parametrize(("ms", "claimed"), [(-1, False), (0, True), (1, True)])
def test_a_late_opponent_can_be_claimed_against(table: Harness, ms: int, claimed: bool) -> None:
    """A game can be claimed from the deadline of the opponent's move, not a millisecond before."""
    game_id = table.seat_two(clock=30)
    deadline = table.game(game_id).deadline
    assert deadline == table.clock.now() + 30_000
    table.clock.advance(seconds=30, ms=ms)
    result = claim(table, "bob", game_id)
    if claimed:
        assert ended(result) == ("timeout", Mark.O)
        assert [type(event) for event in table.heard("ada")] == [wire.Claimed]
    else:
        assert result == deadline
        assert table.game(game_id).status == "playing"


def test_one_cannot_claim_on_ones_own_turn(table: Harness) -> None:
    """A clock that ran out on one's own turn is nothing to claim."""
    game_id = table.seat_two(clock=5)
    table.clock.advance(seconds=60)
    assert claim(table, "ada", game_id) is None


def test_a_late_move_counts_until_the_claim(table: Harness) -> None:
    """Whoever is late and plays before the opponent claims has played."""
    game_id = table.seat_two(clock=5)
    table.clock.advance(seconds=60)
    game = table.play(game_id, "4")
    assert (game.status, game.deadline) == ("playing", table.clock.now() + 5_000)
    assert claim(table, "bob", game_id) is None


@pytest.mark.parametrize(("ms", "claimed"), [(-1, False), (0, True)])
def test_a_gone_opponent_can_be_claimed_against(table: Harness, ms: int, claimed: bool) -> None:
    """Thirty seconds after an opponent lost the connection the game can be claimed."""
    game_id = table.seat_two()
    table.clock.advance(seconds=100)
    table.hang_up("ada")
    gone_at = table.clock.now()
    assert claim(table, "bob", game_id) == gone_at + 30_000
    table.clock.advance(seconds=30, ms=ms)
    result = claim(table, "bob", game_id)
    if claimed:
        assert ended(result) == ("abandoned", Mark.O)
    else:
        assert result == gone_at + 30_000


def test_who_came_back_waits_as_well(table: Harness) -> None:
    """The thirty seconds begin again for a claimant who was away too."""
    started = table.start("ada")
    table.join("bob", started.id)
    table.hang_up("bob")
    table.hang_up("ada")
    table.clock.advance(seconds=29)
    assert isinstance(started.token, str)
    table.send("ada2", wire.Resume(id=started.id, token=started.token))
    table.clock.advance(seconds=29)
    back_at = table.clock.now() - 29_000
    assert claim(table, "ada2", started.id) == back_at + 30_000


def test_a_host_gone_before_the_game_began(table: Harness) -> None:
    """Who joins a game whose host is away can claim it thirty seconds after joining."""
    game_id = table.start("ada").id
    table.hang_up("ada")
    table.clock.advance(seconds=600)
    table.join("bob", game_id)
    assert claim(table, "bob", game_id) == table.clock.now() + 30_000


def test_the_nearer_time_is_told(table: Harness) -> None:
    """A claim that is too early is told the first time at which it is not."""
    game_id = table.seat_two(clock=10)
    table.hang_up("ada")
    assert claim(table, "bob", game_id) == table.clock.now() + 10_000


def test_nothing_to_claim_against_who_is_there(table: Harness) -> None:
    """Without a clock an opponent who is connected cannot be claimed against, however slow."""
    game_id = table.seat_two()
    table.clock.advance(seconds=3600)
    assert claim(table, "bob", game_id) is None


def test_a_ghost_can_be_claimed_against(table: Harness) -> None:
    """An opponent whose end nobody noticed is found to be gone by the claim itself."""
    game_id = table.seat_two()
    table.connections.gone.add("bob")
    error = table.error("ada", wire.Claim(id=game_id))
    assert (error.code, error.retry_at) == (ErrorCode.TOO_EARLY, table.clock.now() + 30_000)
    assert error.game is not UNSET
    assert error.game.players.o == wire.Player(
        name="Player O", online=False, away="lost", away_at=table.clock.now()
    )
    table.clock.advance(seconds=30)
    claimed = table.send("ada", wire.Claim(id=game_id))
    assert isinstance(claimed, wire.Claimed)
    assert claimed.game.status == "abandoned"


def test_a_seat_taken_after_its_end_is_a_ghost(table: Harness) -> None:
    """A resume served after the end of its connection keeps no game open for ever."""
    started = table.start("ada")
    table.join("bob", started.id)
    table.hang_up("late")
    assert isinstance(started.token, str)
    table.send("late", wire.Resume(id=started.id, token=started.token))
    assert table.refused("bob", wire.Claim(id=started.id)) is ErrorCode.TOO_EARLY
    table.clock.advance(seconds=30)
    assert isinstance(table.send("bob", wire.Claim(id=started.id)), wire.Claimed)


@pytest.mark.parametrize("gone", [True, False])
def test_a_clock_that_is_set_back_delays_no_claim(table: Harness, gone: bool) -> None:
    """Set back an hour, a claim counts from when it was first asked for, not an hour later."""
    game_id = table.seat_two(clock=0 if gone else 30)
    table.play(game_id, "4")
    if gone:
        table.hang_up("bob")
    table.clock.advance(seconds=-3600)
    assert claim(table, "ada", game_id) == table.clock.now() + 30_000
    table.clock.advance(seconds=30, ms=-1)
    assert claim(table, "ada", game_id) == table.clock.now() + 1
    table.clock.advance(ms=1)
    assert ended(claim(table, "ada", game_id)) == ("abandoned" if gone else "timeout", Mark.X)


def test_clocks_that_differ_a_little_change_nothing(table: Harness) -> None:
    """Two servers whose clocks differ by a second agree on when a game can be claimed."""
    game_id = table.seat_two(clock=30)
    table.play(game_id, "4")
    due = table.clock.now() + 30_000
    table.clock.advance(seconds=-1)
    assert claim(table, "ada", game_id) == due


def test_both_claim(table: Harness) -> None:
    """Of two claims the first ends the game; its repeat is a success, the other a refusal."""
    game_id = table.seat_two(clock=5)
    table.clock.advance(seconds=6)
    first = table.send("bob", wire.Claim(id=game_id))
    assert isinstance(first, wire.Claimed)
    assert table.send("bob", wire.Claim(id=game_id)) == first
    assert table.refused("ada", wire.Claim(id=game_id)) is ErrorCode.GAME_OVER


def test_both_gone(table: Harness) -> None:
    """With nobody connected nobody claims: the seats wait for their owners."""
    game_id = table.seat_two()
    table.hang_up("ada")
    table.hang_up("bob")
    table.clock.advance(seconds=3600)
    assert table.refused("bob", wire.Claim(id=game_id)) is ErrorCode.NOT_SEATED
    assert table.game(game_id).status == "playing"


def test_who_left_can_be_claimed_against(table: Harness) -> None:
    """Leaving a running game is treated like a lost connection, said differently."""
    game_id = table.seat_two()
    table.send("ada", wire.Leave(id=game_id))
    table.clock.advance(seconds=30)
    assert ended(claim(table, "bob", game_id)) == ("abandoned", Mark.O)
