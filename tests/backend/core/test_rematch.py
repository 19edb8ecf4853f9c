"""Another game of the same two: offered, accepted, found again."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from msgspec import UNSET

from backend.core.game import Moment, rematch_of
from backend.core.ports import Busy, Change, Conflict
from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode
from tests.backend.harness import Harness
from tests.backend.memory import MemoryStore


@pytest.fixture
def table() -> Harness:
    return Harness()


def ask(table: Harness, who: str, game_id: str) -> wire.RematchOffered:
    reply = table.send(who, wire.Rematch(id=game_id))
    assert isinstance(reply, wire.RematchOffered), reply
    return reply


def next_of(event: wire.AnyEvent) -> wire.Next:
    assert isinstance(event, wire.RematchOffered)
    assert event.next is not UNSET
    return event.next


def test_an_offer_is_told(table: Harness) -> None:
    """The first who wants a rematch offers it; asking again says the same."""
    game_id = table.finish()
    offer = ask(table, "bob", game_id)
    assert (offer.mark, offer.game.rematch, offer.next) == (Mark.O, Mark.O, UNSET)
    assert table.heard("ada") == [offer]
    assert ask(table, "bob", game_id) == offer


def test_both_want_it(table: Harness) -> None:
    """When both want it they sit at a new game with marks swapped and the series kept."""
    game_id = table.finish()
    ask(table, "bob", game_id)
    reply = ask(table, "ada", game_id)
    new = next_of(reply)
    assert (new.mark, new.game.status, new.game.turn) == (Mark.O, "playing", Mark.X)
    assert new.game.series == wire.Series(o=1)
    assert reply.game.next == new.id
    pushed = next_of(table.heard("bob")[-1])
    assert (pushed.id, pushed.mark, pushed.game) == (new.id, Mark.X, new.game)
    played = table.send("bob", wire.Play(id=new.id, tile="1,1", after=""))
    assert isinstance(played, wire.Played)
    assert table.heard("ada")[-1] == played
    assert table.stored(game_id).x.connection is table.stored(game_id).o.connection is None


def test_the_token_of_the_rematch_needs_no_delivery(table: Harness) -> None:
    """A player who missed it enters with the other mark and the same key."""
    started = table.start("ada")
    table.join("bob", started.id)
    table.play(started.id, "03142")
    ask(table, "ada", started.id)
    table.connections.gone.add("ada")
    new = next_of(ask(table, "bob", started.id))
    assert isinstance(started.token, str)
    _, key = wire.parse_token(started.token)
    back = table.send("ada2", wire.Resume(id=new.id, token=wire.token_of(Mark.O, key)))
    assert isinstance(back, wire.Resumed)
    assert back.game.series == wire.Series(o=1)


def test_who_asks_later_is_led_there(table: Harness) -> None:
    """Once there is a rematch, asking for one tells of it."""
    game_id = table.finish()
    ask(table, "ada", game_id)
    new = next_of(ask(table, "bob", game_id))
    led = ask(table, "ada", game_id)
    assert (led.mark, next_of(led)) == (Mark.X, wire.Next(id=new.id, mark=Mark.O, game=new.game))
    stranger = ask(table, "eve", game_id)
    assert (stranger.mark, next_of(stranger).mark) == (None, None)


def test_who_missed_it_is_told_as_by_a_ping(table: Harness) -> None:
    """Who resumes the old seat and asks again is told the same seat by every request."""
    started = table.start("ada")
    table.join("bob", started.id)
    table.play(started.id, "03142")
    ask(table, "ada", started.id)
    table.hang_up("ada")
    new = next_of(ask(table, "bob", started.id))
    assert isinstance(started.token, str)
    table.send("ada2", wire.Resume(id=started.id, token=started.token))
    led = ask(table, "ada2", started.id)
    pong = table.send("ada2", wire.Ping(id=started.id))
    assert isinstance(pong, wire.Pong)
    assert led.mark is pong.mark is Mark.X
    assert next_of(led) == wire.Next(id=new.id, mark=None, game=new.game)


def test_who_moved_on_is_not_lost(table: Harness) -> None:
    """At the old table both have left for the new one; there is no seat there to take again."""
    game_id = table.finish()
    ask(table, "ada", game_id)
    ask(table, "bob", game_id)
    old = table.game(game_id)
    x, o = (
        wire.Player(name=name, online=False, away="left", away_at=table.clock.now())
        for name in ("Player X", "Player O")
    )
    assert old.players == wire.Players(x=x, o=o)


def test_a_series_goes_on(table: Harness) -> None:
    """The score follows the players through swapped marks."""
    game_id = table.finish()
    ask(table, "ada", game_id)
    second = next_of(ask(table, "bob", game_id)).id
    # bob is x now and wins as x.
    for who, cell in zip(["bob", "ada"] * 3, "03142", strict=False):
        tile = f"{int(cell) // 3},{int(cell) % 3}"
        assert isinstance(table.send(who, wire.Play(id=second, tile=tile)), wire.Played)
    ask(table, "bob", second)
    third = next_of(ask(table, "ada", second)).game
    assert third.series == wire.Series(x=1, o=1)


@pytest.mark.parametrize(
    ("prepare", "code"), [("waiting", ErrorCode.NOT_STARTED), ("playing", ErrorCode.TOO_EARLY)]
)
def test_only_a_finished_game_has_a_rematch(table: Harness, prepare: str, code: ErrorCode) -> None:
    """A rematch of a game that is not over is refused."""
    game_id = table.start("ada").id if prepare == "waiting" else table.seat_two()
    assert table.refused("ada", wire.Rematch(id=game_id)) is code


def test_a_stranger_offers_nothing(table: Harness) -> None:
    """Only who sat there can want a rematch."""
    game_id = table.finish()
    assert table.refused("eve", wire.Rematch(id=game_id)) is ErrorCode.NOT_SEATED


def test_an_offer_lapses_when_its_maker_leaves(table: Harness) -> None:
    """Leaving takes the offer back, so that nobody is put into a game alone."""
    game_id = table.finish()
    ask(table, "ada", game_id)
    table.send("ada", wire.Leave(id=game_id))
    assert ask(table, "bob", game_id).next is UNSET
    assert table.game(game_id).rematch is Mark.O


def test_an_offer_outlives_a_reconnect(table: Harness) -> None:
    """A lost connection does not take the offer back."""
    started = table.start("ada")
    table.join("bob", started.id)
    table.play(started.id, "03142")
    ask(table, "ada", started.id)
    table.hang_up("ada")
    new = next_of(ask(table, "bob", started.id)).game
    assert new.players.o == wire.Player(
        name="Player O", online=False, away="lost", away_at=table.clock.now()
    )


def test_watchers_come_along(table: Harness) -> None:
    """Who watches the series sees the rematch without asking."""
    game_id = table.finish()
    table.send("eve", wire.Watch(id=game_id))
    ask(table, "ada", game_id)
    new = next_of(ask(table, "bob", game_id))
    assert next_of(table.heard("eve")[-1]).mark is None
    table.send("bob", wire.Play(id=new.id, tile="0,0"))
    assert [type(event) for event in table.heard("eve")] == [wire.Played]


class HalfWay(MemoryStore):
    """Fails the transaction that would set ``next``, once."""

    failures = 1

    def save_together(self, changes: Sequence[Change], at: Moment) -> None:
        if self.failures:
            self.failures -= 1
            raise Busy
        super().save_together(changes, at)


def test_a_rematch_comes_whole_or_not_at_all(table: Harness) -> None:
    """What a server that died in the middle left undone, the next request does."""
    table = Harness(store := HalfWay())
    game_id = table.finish()
    ask(table, "ada", game_id)
    assert table.refused("bob", wire.Rematch(id=game_id)) is ErrorCode.BUSY
    assert list(store.games) == [game_id]
    new = next_of(ask(table, "bob", game_id))
    played = table.send("bob", wire.Play(id=new.id, tile="0,0", after=""))
    assert isinstance(played, wire.Played)


def test_a_taken_code_is_passed_over(table: Harness) -> None:
    """A rematch whose code another game has takes the next one."""
    game_id = table.finish()
    taken = replace(rematch_of(table.stored(game_id), 0, table.at), x=table.stored(game_id).x)
    table.store.create(replace(taken, o=taken.x), table.at)
    with pytest.raises(Conflict):
        table.store.create(taken, table.at)
    ask(table, "ada", game_id)
    assert next_of(ask(table, "bob", game_id)).id != taken.id


class WatchedStore(MemoryStore):
    """A store in which eve begins to watch a game in the moment of its rematch."""

    def save_together(self, changes: Sequence[Change], at: Moment) -> None:
        super().save_together(changes, at)
        self.watch(changes[0].after.id, "eve", at)


def test_who_begins_to_watch_in_the_moment_of_the_rematch_is_told() -> None:
    """A watcher who came between the two steps of a rematch hears of it like the others."""
    table = Harness(WatchedStore())
    game_id = table.finish()
    table.send("ada", wire.Rematch(id=game_id))
    table.send("bob", wire.Rematch(id=game_id))
    [told] = table.heard("eve")
    assert isinstance(told, wire.RematchOffered)
    assert told.next is not UNSET
    assert told.next.mark is None
