"""Watchers, emotes, presence and pings."""

import pytest
from msgspec import UNSET

from backend.core.game import MAX_WATCHERS
from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode
from tests.backend.harness import Harness


@pytest.fixture
def table() -> Harness:
    return Harness()


def watch(table: Harness, who: str, game_id: str) -> wire.Snapshot:
    reply = table.send(who, wire.Watch(id=game_id))
    assert isinstance(reply, wire.Watching), reply
    return reply.game


def test_a_watcher_sees_every_move(table: Harness) -> None:
    """Who watches gets the snapshot and then all that the players get."""
    game_id = table.seat_two()
    before = table.game(game_id)
    seen = watch(table, "eve", game_id)
    assert (seen.watchers, seen.rev) == (1, before.rev)
    assert table.heard("ada") == []
    table.play(game_id, "4")
    [event] = table.heard("eve")
    assert isinstance(event, wire.Played)
    assert event.game.moves == "4"


def test_a_watcher_cannot_play(table: Harness) -> None:
    """A watcher who plays is refused, and shown the game."""
    game_id = table.seat_two()
    watch(table, "eve", game_id)
    error = table.error("eve", wire.Play(id=game_id, tile="1,1", after=""))
    assert error.code is ErrorCode.NOT_SEATED
    assert error.game is not UNSET


def test_a_watcher_leaves_unnoticed(table: Harness) -> None:
    """Who stops watching is pushed nothing more, and nobody hears of it."""
    game_id = table.seat_two()
    watch(table, "eve", game_id)
    left = table.send("eve", wire.Leave(id=game_id))
    assert isinstance(left, wire.Left)
    assert left.game.watchers == 0
    table.play(game_id, "4")
    assert table.heard("eve") == []


def test_for_a_player_watching_is_reading(table: Harness) -> None:
    """A player who watches their own game is shown it and not counted."""
    game_id = table.seat_two()
    assert watch(table, "ada", game_id).watchers == 0


def test_a_watcher_who_joins_is_a_player(table: Harness) -> None:
    """Taking the free seat ends the watching: nothing is pushed twice."""
    game_id = table.start("ada").id
    watch(table, "bob", game_id)
    assert table.join("bob", game_id).game.watchers == 0


def test_twenty_watch_at_most(table: Harness) -> None:
    """The twenty-first watcher is refused, unless one of the twenty is found gone."""
    game_id = table.seat_two()
    for number in range(MAX_WATCHERS):
        watch(table, f"watcher{number}", game_id)
    assert watch(table, "watcher0", game_id).watchers == MAX_WATCHERS
    assert table.refused("late", wire.Watch(id=game_id)) is ErrorCode.TOO_MANY
    table.connections.gone.add("watcher7")
    assert watch(table, "late", game_id).watchers == MAX_WATCHERS


def test_a_gone_watcher_is_forgotten(table: Harness) -> None:
    """A push that finds no watcher removes them, and no move fails for it."""
    game_id = table.seat_two()
    watch(table, "eve", game_id)
    table.connections.gone.add("eve")
    game = table.play(game_id, "4")
    assert game.watchers == 1
    assert table.game(game_id).watchers == 0


def test_a_full_table_is_not_disturbed(table: Harness) -> None:
    """Whoever asks in vain to watch is not heard by those who do; who is gone makes room."""
    game_id = table.seat_two()
    fans = [f"w{number}" for number in range(MAX_WATCHERS)]
    for fan in fans:
        watch(table, fan, game_id)
    for _ in range(10):
        assert table.refused("late", wire.Watch(id=game_id)) is ErrorCode.TOO_MANY
    assert {who: table.heard(who) for who in ("ada", "bob", *fans)} == {
        who: [] for who in ("ada", "bob", *fans)
    }
    table.connections.gone.add(fans[3])
    assert watch(table, "late", game_id).watchers == MAX_WATCHERS


def test_an_emote_is_heard_by_all(table: Harness) -> None:
    """Players and watchers see an emote; at most one a second for each seat."""
    game_id = table.seat_two()
    watch(table, "eve", game_id)
    said = table.send("bob", wire.Emote(id=game_id, emote="gg"))
    assert said == wire.Emoted(id=game_id, mark=Mark.O, emote="gg")
    assert table.heard("ada") == table.heard("eve") == [said]
    table.clock.advance(ms=400)
    error = table.error("bob", wire.Emote(id=game_id, emote="oops"))
    assert (error.code, error.retry_at) == (ErrorCode.TOO_EARLY, table.clock.now() + 600)
    assert isinstance(table.send("ada", wire.Emote(id=game_id, emote="hello")), wire.Emoted)
    table.clock.advance(ms=600)
    assert isinstance(table.send("bob", wire.Emote(id=game_id, emote="oops")), wire.Emoted)


def test_only_players_emote(table: Harness) -> None:
    """A watcher has no voice at the table."""
    game_id = table.seat_two()
    watch(table, "eve", game_id)
    assert table.refused("eve", wire.Emote(id=game_id, emote="gg")) is ErrorCode.NOT_SEATED


def test_a_ping_tells_the_truth(table: Harness) -> None:
    """A ping is answered with the time, and with a code by the game and the asker's seat."""
    assert table.send("ada", wire.Ping()) == wire.Pong(now=table.clock.now())
    game_id = table.seat_two()
    for who, mark in {"ada": Mark.X, "bob": Mark.O, "eve": None}.items():
        pong = table.send(who, wire.Ping(id=game_id))
        assert pong == wire.Pong(
            now=table.clock.now(), id=game_id, mark=mark, game=table.game(game_id)
        )


def test_presence_is_told_to_the_table(table: Harness) -> None:
    """A lost connection is told to the opponent and the watchers, once."""
    game_id = table.seat_two()
    watch(table, "eve", game_id)
    table.hang_up("bob")
    [event] = table.heard("ada")
    assert isinstance(event, wire.Presence)
    assert (event.mark, event.online) == (Mark.O, False)
    assert event.game.players.o == wire.Player(
        name="Player O", online=False, away="lost", away_at=table.clock.now()
    )
    assert table.heard("eve") == [event]
    table.service.disconnected("bob")
    assert table.heard("ada") == []


def test_all_gone_at_once(table: Harness) -> None:
    """A push that finds everybody gone unbinds everybody and ends."""
    game_id = table.seat_two()
    watch(table, "eve", game_id)
    table.connections.gone |= {"bob", "eve"}
    table.hang_up("ada")
    stored = table.stored(game_id)
    assert (stored.x.connection, stored.o.connection, stored.watchers) == (None, None, frozenset())
