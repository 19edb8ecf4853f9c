"""Starting, joining and resuming: who sits where, and by what right."""

import pytest
from msgspec import UNSET

from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode
from tests.backend.harness import Harness


@pytest.fixture
def table() -> Harness:
    return Harness()


def presence(event: wire.AnyEvent) -> tuple[Mark, bool]:
    assert isinstance(event, wire.Presence)
    return event.mark, event.online


def test_start_gives_a_seat(table: Harness) -> None:
    """Who starts a game waits in it, with the mark they wanted and the right to the seat."""
    reply = table.start(name="Ada", mark="o", clock=30)
    assert reply.mark is Mark.O
    assert isinstance(reply.token, str)
    assert wire.parse_token(reply.token)[0] is Mark.O
    assert reply.game == wire.Snapshot(
        id=reply.id,
        rev=1,
        status="waiting",
        moves="",
        board=".........",
        turn=None,
        winner=None,
        lines=(),
        players=wire.Players(
            x=None, o=wire.Player(name="Ada", online=True, away=None, away_at=None)
        ),
        clock=30,
        deadline=None,
        series=wire.Series(),
        rematch=None,
        next=None,
        watchers=0,
    )


def test_join_begins_the_game(table: Harness) -> None:
    """Whoever joins takes the free seat, and the host hears of it without hearing the token."""
    started = table.start(name="Ada")
    joined = table.join("bob", started.id, name="Bob")
    assert (joined.mark, joined.game.status, joined.game.turn) == (Mark.O, "playing", Mark.X)
    assert joined.game.rev == 2
    [pushed] = table.heard("ada")
    assert pushed == wire.Joined(
        id=started.id, mark=Mark.O, game=joined.game, now=table.clock.now()
    )
    assert pushed.token is UNSET


def test_codes_are_forgiven(table: Harness) -> None:
    """A code is found however people write it."""
    code = table.start().id
    written = f" {code[:3].lower()}-{code[3:].lower()} ".replace("1", "l").replace("0", "o")
    assert table.join("bob", written).id == code


def test_start_is_repeatable(table: Harness) -> None:
    """The same key is the same game and seat, on whichever connection it comes again."""
    key = table.key()
    first = table.start("ada", key=key, mark="random")
    again = table.start("ada2", key=key, mark="random")
    assert (again.id, again.mark, again.token) == (first.id, first.mark, first.token)
    assert table.heard("ada") == [wire.Replaced(id=first.id)]
    table.join("bob", first.id)
    assert [type(event) for event in table.heard("ada2")] == [wire.Joined]
    assert table.heard("ada") == []


def test_a_key_that_joined_by_a_quick_match_starts_no_other_game(table: Harness) -> None:
    """`start` with the key of a quick match is answered by the seat that it found."""
    host, key = table.start("ada", listed=True), table.key()
    joined = table.send("bob", wire.QuickMatch(key=key))
    assert isinstance(joined, wire.Joined)
    started = table.start("bob", key=key)
    assert (started.id, started.mark, started.token) == (host.id, joined.mark, joined.token)
    assert started.game == joined.game


def test_a_key_whose_game_went_on_by_another_key_is_answered_that_game(table: Harness) -> None:
    """`start` with the key of a game that another key took along tells that it was cancelled."""
    table.start("ada", listed=True)
    table.clock.advance(ms=1)
    key = table.key()
    own = table.start("bob", listed=True, key=key)
    joined = table.send("bob", wire.QuickMatch(id=own.id, key=table.key()))
    assert isinstance(joined, wire.Joined)
    again = table.start("bob2", key=key)
    assert (again.id, again.mark, again.game.status) == (own.id, own.mark, "cancelled")


def test_join_is_repeatable(table: Harness) -> None:
    """A join whose reply was lost costs nothing: the same key finds the seat it took."""
    game_id, key = table.start().id, table.key()
    first = table.join("bob", game_id, key=key)
    again = table.join("bob2", game_id, key=key)
    assert (again.mark, again.token) == (first.mark, first.token)
    third = table.error("eve", wire.Join(id=game_id))
    assert (third.code, third.game) == (ErrorCode.GAME_FULL, UNSET)


@pytest.mark.parametrize("repeats", [1, 2])
def test_random_marks_differ_by_key(table: Harness, repeats: int) -> None:
    """A random mark is drawn from the key: both come up, and a repeat is answered alike."""
    keys = [table.key() for _ in range(40)]
    marks = [
        [table.start("ada", key=key, mark="random").mark for key in keys] for _ in range(repeats)
    ]
    assert set(marks[0]) == {Mark.X, Mark.O}
    assert all(drawn == marks[0] for drawn in marks)


def test_nobody_joins_their_own_game(table: Harness) -> None:
    """Neither the connection nor the key of a player can take the other seat."""
    key = table.key()
    game_id = table.start("ada", key=key).id
    assert table.refused("ada", wire.Join(id=game_id)) is ErrorCode.OWN_GAME
    assert table.refused("elsewhere", wire.Join(id=game_id, key=key)) is ErrorCode.OWN_GAME
    assert table.game(game_id).status == "waiting"


def test_a_seat_is_kept_for_who_is_away(table: Harness) -> None:
    """A lost connection leaves the seat taken: nobody else can have it, its owner can."""
    started = table.start("ada")
    joined = table.join("bob", started.id)
    table.hang_up("bob")
    assert table.refused("eve", wire.Join(id=started.id)) is ErrorCode.GAME_FULL
    assert isinstance(joined.token, str)
    back = table.send("bob2", wire.Resume(id=started.id, token=joined.token))
    assert isinstance(back, wire.Resumed)
    assert back.mark is Mark.O
    assert [presence(event) for event in table.heard("ada")[1:]] == [
        (Mark.O, False),
        (Mark.O, True),
    ]


def test_resume_takes_the_seat_over(table: Harness) -> None:
    """The newer connection has the seat; the older is told so and can play no more."""
    started = table.start("ada")
    table.join("bob", started.id)
    table.heard("ada")
    assert isinstance(started.token, str)
    reply = table.send("ada2", wire.Resume(id=started.id, token=started.token))
    assert isinstance(reply, wire.Resumed)
    assert table.heard("ada") == [wire.Replaced(id=started.id)]
    assert [presence(event) for event in table.heard("bob")] == [(Mark.X, True)]
    assert table.refused("ada", wire.Play(id=started.id, tile="0,0")) is ErrorCode.NOT_SEATED
    # The connection that was replaced ends later: nobody is away.
    table.hang_up("ada")
    assert table.heard("bob") == []


@pytest.mark.parametrize(
    "token", ["x.0000000000000000000000", "o.0000000000000000000000", "x.", ""]
)
def test_only_the_token_is_the_right(table: Harness, token: str) -> None:
    """A wrong token, one for a free seat, and no token at all are refused alike."""
    game_id = table.start().id
    before = table.stored(game_id)
    assert table.refused("eve", wire.Resume(id=game_id, token=token)) is ErrorCode.BAD_TOKEN
    assert table.stored(game_id) == before


def test_a_name_is_no_right(table: Harness) -> None:
    """Two players can be called the same, and who has the name of one has not the seat."""
    started = table.start("ada", name="Ada")
    joined = table.join("bob", started.id, name="Ada")
    players = joined.game.players
    assert [player.name for player in (players.x, players.o) if player] == ["Ada", "Ada"]
    error = table.error("eve", wire.Join(id=started.id, key="k" * 22, name="Ada"))
    assert error.code is ErrorCode.GAME_FULL


def test_one_connection_holds_one_seat(table: Harness) -> None:
    """A connection that holds one seat of a game cannot resume the other as well."""
    started = table.start("ada")
    table.join("bob", started.id)
    assert isinstance(started.token, str)
    refused = table.refused("bob", wire.Resume(id=started.id, token=started.token))
    assert refused is ErrorCode.OWN_GAME


@pytest.mark.parametrize("moves", ["", "0", "03142"])
def test_resume_works_in_every_status(table: Harness, moves: str) -> None:
    """A seat can be resumed while the game is played and when it is over."""
    started = table.start("ada")
    table.join("bob", started.id)
    game = table.play(started.id, moves)
    table.hang_up("ada")
    assert isinstance(started.token, str)
    back = table.send("ada2", wire.Resume(id=started.id, token=started.token))
    assert isinstance(back, wire.Resumed)
    assert (back.game.status, back.game.moves) == (game.status, moves)


def test_an_expired_game_is_gone(table: Harness) -> None:
    """Six hours after its last change a game is gone for every request."""
    started = table.start("ada")
    assert isinstance(started.token, str)
    table.clock.advance(seconds=6 * 3600)
    for request in (
        wire.Join(id=started.id),
        wire.Resume(id=started.id, token=started.token),
        wire.Watch(id=started.id),
        wire.Play(id=started.id, tile="0,0"),
        wire.Play(id=started.id, tile="0,0", after=""),
        wire.Ping(id=started.id),
        wire.Leave(id=started.id),
        wire.Resign(id=started.id),
        wire.Claim(id=started.id),
        wire.Rematch(id=started.id),
        wire.Emote(id=started.id, emote="gg"),
    ):
        assert table.refused("ada", request) is ErrorCode.NO_SUCH_GAME


def test_a_change_prolongs_the_life(table: Harness) -> None:
    """A game lives six hours from its last change, not from its start."""
    game_id = table.seat_two()
    table.clock.advance(seconds=6 * 3600 - 1)
    table.play(game_id, "4")
    table.clock.advance(seconds=6 * 3600 - 1)
    assert table.game(game_id).moves == "4"


def test_leaving_a_waiting_game_cancels_it(table: Harness) -> None:
    """A host who leaves before anybody came takes the game along."""
    game_id = table.start("ada").id
    left = table.send("ada", wire.Leave(id=game_id))
    assert isinstance(left, wire.Left)
    assert left.game.status == "cancelled"
    assert table.refused("bob", wire.Join(id=game_id)) is ErrorCode.GAME_OVER


def test_leaving_a_running_game_is_no_end(table: Harness) -> None:
    """Who leaves a running game is shown as left, and can come back."""
    started = table.start("ada")
    table.join("bob", started.id)
    table.send("ada", wire.Leave(id=started.id))
    [event] = table.heard("bob")
    assert isinstance(event, wire.Presence)
    assert event.game.players.x == wire.Player(
        name="Player X", online=False, away="left", away_at=table.clock.now()
    )
    assert isinstance(started.token, str)
    back = table.send("ada", wire.Resume(id=started.id, token=started.token))
    assert isinstance(back, wire.Resumed)
    assert back.game.players.x == wire.Player(name="Player X", online=True, away=None, away_at=None)


def test_a_stranger_leaves_without_effect(table: Harness) -> None:
    """Leaving a game one is not at succeeds and changes nothing."""
    game_id = table.seat_two()
    before = table.stored(game_id)
    assert isinstance(table.send("eve", wire.Leave(id=game_id)), wire.Left)
    assert table.stored(game_id) == before
    assert table.heard("ada") == table.heard("bob") == []


def test_the_store_never_holds_a_key(table: Harness) -> None:
    """Of a key only the SHA-256 is kept."""
    key = table.key()
    game_id = table.start(key=key).id
    assert key not in repr(table.stored(game_id))
    assert len(table.stored(game_id).x.token) == 64
