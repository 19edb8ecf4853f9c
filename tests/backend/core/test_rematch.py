"""Another game of the same two: offered, accepted, found again."""

from dataclasses import replace

import pytest
from msgspec import UNSET

from backend.core.game import Game, Moment, rematch_of
from backend.core.ports import Busy, Conflict
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
    """Fails the save that would set ``next``, once."""

    failures = 1

    def save(self, before: Game, after: Game, at: Moment) -> Game:
        if after.next and self.failures:
            self.failures -= 1
            raise Busy
        return super().save(before, after, at)


def test_a_rematch_that_stopped_half_way_is_finished(table: Harness) -> None:
    """What a server that died between the two writes began, the next request completes."""
    table = Harness(HalfWay())
    game_id = table.finish()
    ask(table, "ada", game_id)
    assert table.refused("bob", wire.Rematch(id=game_id)) is ErrorCode.BUSY
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
    """A store in which eve begins to watch a game in the moment that its rematch is created."""

    def create(self, match: Game, at: Moment) -> None:
        super().create(match, at)
        for game_id in set(self.games) - {match.id}:
            self.watch(game_id, "eve", at)


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
