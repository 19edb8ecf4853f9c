"""Quick match and the lobby: strangers find each other."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from msgspec import UNSET
from msgspec.structs import replace as with_fields

from backend.core import game as rules
from backend.core.game import Moment
from backend.core.ports import Change
from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode
from tests.backend.harness import Harness
from tests.backend.meddling import MeddledStore, after
from tests.backend.memory import MemoryStore


@pytest.fixture
def table() -> Harness:
    return Harness()


def match(table: Harness, who: str, **fields: object) -> wire.Started | wire.Joined:
    reply = table.send(who, wire.QuickMatch(**fields))  # type: ignore[arg-type] # a test's shorthand
    assert isinstance(reply, wire.Started | wire.Joined), reply
    return reply


def listed(table: Harness, kind: str = "open") -> list[str]:
    reply = table.send("stranger", wire.List(kind=kind))  # type: ignore[arg-type] # one of the two
    assert isinstance(reply, wire.Listed)
    return [line.id for line in reply.games]


def test_two_strangers_meet(table: Harness) -> None:
    """The first waits in a listed game, the second is seated opposite."""
    first = match(table, "ada", name="Ada")
    assert isinstance(first, wire.Started)
    assert listed(table) == [first.id]
    second = match(table, "bob", name="Bob")
    assert isinstance(second, wire.Joined)
    assert (second.id, second.game.status) == (first.id, "playing")
    assert [type(event) for event in table.heard("ada")] == [wire.Joined]
    assert listed(table) == []
    assert listed(table, "live") == [first.id]


def test_one_request_answers_both_lists(table: Harness) -> None:
    """Those who ask for all get the games with a free seat, then those that are played."""
    waiting = table.start("ada", listed=True).id
    playing = match(table, "bob", clock=30).id
    assert match(table, "carol", clock=30).id == playing
    reply = table.send("stranger", wire.List(kind="all"))
    assert isinstance(reply, wire.Listed)
    assert [(line.id, line.mark) for line in reply.games] == [(waiting, Mark.O), (playing, None)]
    assert {line.id for line in reply.games} == {*listed(table), *listed(table, "live")}


def test_a_game_that_begins_between_two_looks_has_begun() -> None:
    """Who asks for all is never shown a game twice."""
    store = MeddledStore(MemoryStore())
    table = Harness(store=store)
    code = match(table, "ada").id
    looked: list[object] = []

    def then_joined(call: Callable[[], object]) -> object:
        looked.append(call())
        match(table, "bob")
        return looked[0]

    store.next["lobby"] = then_joined
    reply = table.send("stranger", wire.List(kind="all"))
    assert isinstance(reply, wire.Listed)
    assert [(line.id, line.mark) for line in reply.games] == [(code, None)]


def test_the_longest_waiting_is_first(table: Harness) -> None:
    """Of those who wait with the same clock the one who waits longest is joined."""
    table.start("slow", listed=True, clock=60)
    waiting = []
    for who in ("ada", "carol"):
        table.clock.advance(seconds=1)
        waiting.append(table.start(who, listed=True).id)
    assert match(table, "bob").id == waiting[0]
    assert match(table, "dave").id == waiting[1]


def test_only_listed_games_are_joined(table: Harness) -> None:
    """A private game is never given to a stranger, nor shown to one."""
    table.start("ada")
    assert isinstance(match(table, "bob"), wire.Started)


def test_ones_own_game_is_not_joined(table: Harness) -> None:
    """Two quick matches on one connection do not meet."""
    table.start("ada", listed=True)
    assert isinstance(match(table, "ada"), wire.Started)


def test_a_host_who_is_gone_is_passed_over(table: Harness) -> None:
    """A host whose connection is found dead keeps the game, and the next host gets the player."""
    dead = table.start("ghost", listed=True).id
    table.clock.advance(seconds=1)
    alive = table.start("ada", listed=True).id
    table.connections.gone.add("ghost")
    reply = match(table, "bob")
    assert reply.id == alive
    kept = table.stored(dead)
    assert (kept.status, kept.o.taken, kept.x.away) == ("waiting", False, "lost")
    assert listed(table) == []


def test_at_most_three_hosts_are_tried(table: Harness) -> None:
    """After three dead hosts the player waits in a game of their own."""
    for number in range(4):
        table.start(f"ghost{number}", listed=True)
        table.connections.gone.add(f"ghost{number}")
        table.clock.advance(seconds=1)
    assert isinstance(match(table, "bob"), wire.Started)


def test_two_who_start_together_meet(table: Harness) -> None:
    """Who waits asks again: the newer of two waiting games moves to the older."""
    ada, bob = table.key(), table.key()
    older = table.start("ada", listed=True, key=ada)
    table.clock.advance(ms=5)
    newer = table.start("bob", listed=True, key=bob)
    stays = match(table, "ada", key=ada, id=older.id)
    assert isinstance(stays, wire.Started)
    assert (stays.id, stays.token) == (older.id, older.token)
    moves = match(table, "bob", key=bob, id=newer.id)
    assert isinstance(moves, wire.Joined)
    assert moves.id == older.id
    assert table.game(newer.id).status == "cancelled"
    assert table.game(newer.id).next == older.id
    # The reply was lost, and bob asks once more, from another connection.
    again = match(table, "bob2", key=bob, id=newer.id)
    assert isinstance(again, wire.Joined)
    assert (again.id, again.mark, again.token) == (older.id, Mark.O, moves.token)


def test_who_was_joined_stays(table: Harness) -> None:
    """A player who asks again while somebody has just joined is told of that game."""
    key = table.key()
    own = match(table, "ada", key=key)
    match(table, "bob")
    again = match(table, "ada", key=key, id=own.id)
    assert isinstance(again, wire.Started)
    assert (again.id, again.game.status) == (own.id, "playing")


@pytest.mark.parametrize("waiting", [True, False])
def test_a_lost_reply_costs_nothing(table: Harness, waiting: bool) -> None:
    """The same key again is the same seat, whether the player was seated or waits."""
    if waiting:
        table.start("ada", listed=True)
    key = table.key()
    first = match(table, "bob", key=key)
    table.hang_up("bob")
    again = match(table, "bob2", key=key)
    assert type(again) is (wire.Joined if waiting else wire.Started)
    assert (again.id, again.mark, again.token) == (first.id, first.mark, first.token)


def test_only_an_own_game_can_be_brought(table: Harness) -> None:
    """Naming somebody else's waiting game is refused."""
    game_id = table.start("ada", listed=True).id
    assert table.refused("bob", wire.QuickMatch(id=game_id)) is ErrorCode.NOT_SEATED


def test_the_lobby_shows_what_is_open(table: Harness) -> None:
    """A line of the lobby has the names, the free seat, the clock and since when."""
    table.start("carol")
    table.clock.advance(seconds=1)
    first = table.start("ada", name="Ada", listed=True, mark="o", clock=30)
    table.clock.advance(seconds=1)
    second = table.start("bob", listed=True)
    reply = table.send("eve", wire.List())
    assert reply == wire.Listed(
        games=(
            wire.Listing(
                id=second.id,
                names=wire.Names(x="Player X", o=None),
                mark=Mark.O,
                clock=0,
                since=table.clock.now(),
            ),
            wire.Listing(
                id=first.id,
                names=wire.Names(x=None, o="Ada"),
                mark=Mark.X,
                clock=30,
                since=table.clock.now() - 1000,
            ),
        )
    )


def test_the_lobby_drops_who_is_gone(table: Harness) -> None:
    """A game whose host lost the connection is not offered, and is again once they are back."""
    started = table.start("ada", listed=True)
    table.hang_up("ada")
    assert listed(table) == []
    assert isinstance(started.token, str)
    table.send("ada2", wire.Resume(id=started.id, token=started.token))
    assert listed(table) == [started.id]


def test_the_lobby_shows_twenty_five(table: Harness) -> None:
    """A full lobby shows the newest twenty-five."""
    made = []
    for number in range(30):
        made.append(table.start(f"host{number}", listed=True).id)
        table.clock.advance(ms=1)
    assert listed(table) == made[:4:-1]


def test_a_finished_game_leaves_the_lobby(table: Harness) -> None:
    """Live games are listed while they are played, and only those that were listed."""
    game_id = table.seat_two(listed=True)
    table.start("carol", listed=True)
    assert listed(table, "live") == [game_id]
    table.play(game_id, "03142")
    assert listed(table, "live") == []


@pytest.mark.parametrize("kind", ["open", "live"])
def test_the_lobby_does_not_list_what_is_gone(table: Harness, kind: str) -> None:
    """A game is listed to the last second of its life and not a millisecond longer."""
    started = table.start("ada", listed=True)
    if kind == "live":
        table.join("bob", started.id)
    table.clock.advance(seconds=6 * 3600, ms=-1)
    assert listed(table, kind) == [started.id]
    table.clock.advance(ms=1)
    assert listed(table, kind) == []


def test_a_refusal_shows_the_game_it_names(table: Harness) -> None:
    """An error never shows another game than its ``id`` says, wherever the request was refused."""
    host, key = table.start("ada", listed=True), table.key()
    table.clock.advance(ms=1)
    own = table.start("bob", listed=True, key=key)
    found = match(table, "bob", id=own.id, key=key)
    assert found.id == host.id
    for fields in ({"id": own.id}, {}):
        # The host cannot have the other seat, even with its key; the game brought is cancelled.
        error = table.error("ada", wire.QuickMatch(key=key, **fields))  # type: ignore[arg-type] # as above
        assert error.code is ErrorCode.OWN_GAME
        assert (error.id, error.game) == (fields.get("id", UNSET), UNSET)


class Meddled(MemoryStore):
    """A store in which others do something before each of the next transactions."""

    def __init__(self) -> None:
        super().__init__()
        self.deeds: list[Callable[[], object]] = []

    def save_together(self, changes: Sequence[Change], at: Moment) -> None:
        if self.deeds:
            self.deeds.pop(0)()
        super().save_together(changes, at)


@pytest.mark.parametrize(
    ("host_does", "status", "moves"),
    [
        (None, "waiting", ""),
        (wire.Leave(id="000000"), "cancelled", ""),
    ],
)
def test_who_is_joined_while_joining_keeps_one_game(
    host_does: wire.Leave | None, status: str, moves: str
) -> None:
    """Joined in the moment of joining, a player stays, and the other host is not kept waiting."""
    store = Meddled()
    table = Harness(store)
    host, key = table.start("ada", listed=True), table.key()
    table.clock.advance(ms=1)
    own = table.start("bob", listed=True, key=key)

    def meanwhile() -> None:
        table.join("kim", own.id)
        if host_does is not None:
            table.send("ada", with_fields(host_does, id=host.id))

    store.deeds = [meanwhile]
    again = match(table, "bob", id=own.id, key=key)
    assert (again.id, again.game.status) == (own.id, "playing")
    found = table.stored(host.id)
    assert (found.status, found.moves, found.o.taken) == (status, moves, False)


def test_a_host_who_comes_back_is_joined_there() -> None:
    """A host who changes the connection in this moment is joined on the new one."""
    store = Meddled()
    table = Harness(store)
    host = table.start("ada", listed=True)
    assert isinstance(host.token, str)
    resume = wire.Resume(id=host.id, token=host.token)
    store.deeds = [lambda: table.send("ada2", resume)]
    found = match(table, "bob", key=table.key())
    assert isinstance(found, wire.Joined)
    assert found.id == host.id
    assert wire.Joined in [type(event) for event in table.heard("ada2")]


def test_nobody_sits_down_to_look(table: Harness) -> None:
    """A host who is gone is found out without a word to those who watch, but that one is gone."""
    host = table.start("ghost", listed=True)
    table.send("eve", wire.Watch(id=host.id))
    table.connections.gone.add("ghost")
    assert isinstance(match(table, "bob"), wire.Started)
    [told] = table.heard("eve")
    assert isinstance(told, wire.Presence)
    assert (told.mark, told.online, told.game.status) == (Mark.X, False, "waiting")
    assert told.game.players.o is None


@pytest.mark.parametrize("kind", ["open", "live"])
def test_a_game_is_shown_as_long_as_its_player_comes_back(table: Harness, kind: str) -> None:
    """A host who waits for a day, on one connection after the other, stays in the lobby."""
    started = table.start("host", listed=True)
    if kind == "live":
        table.join("guest", started.id)
    table.clock.advance(ms=1)
    younger = table.start("younger", listed=True)
    assert isinstance(started.token, str)
    for hours in range(0, 24, 2):
        table.send(f"host{hours}", wire.Resume(id=started.id, token=started.token))
        assert isinstance(younger.token, str)
        table.send(f"younger{hours}", wire.Resume(id=younger.id, token=younger.token))
        assert started.id in listed(table, kind)
        table.clock.advance(seconds=7200)
    if kind == "open":
        assert match(table, "bob").id in {started.id, younger.id}


def test_a_key_that_waits_is_answered_whatever_game_is_named(table: Harness) -> None:
    """The seat of a key that waits is the answer, also beside a game that cannot move to it."""
    key = table.key()
    waits = match(table, "ada", key=key)
    played = table.start("ada").id
    table.join("bob", played)
    strangers = table.start("eve").id
    for named in (played, strangers, "ZZZZZZ"):
        assert match(table, "ada", key=key, id=named) == waits


def test_both_waiting_games_of_a_player_move(table: Harness) -> None:
    """Who waits by the key and in the game that is named waits nowhere once an older is found."""
    clocked = table.start("kim", listed=True, clock=30)
    table.clock.advance(ms=1)
    key = table.key()
    kept, brought = match(table, "ada", key=key), table.start("ada", listed=True)
    assert match(table, "ada", key=key, id=brought.id, clock=30).id == clocked.id
    assert [table.stored(each.id).next for each in (kept, brought)] == [clocked.id] * 2
    assert listed(table) == []


def test_a_code_that_is_taken_is_passed_over(table: Harness) -> None:
    """A key whose code is another's game gets its own game, and the same again."""
    key = table.key()
    taken = replace(table.stored(table.start("ada").id), id=rules.code_from(key, "0"))
    table.store.create(taken, table.at)
    waits = match(table, "bob", key=key)
    assert waits.id == rules.code_from(key, "1")
    assert match(table, "bob", key=key) == waits
    assert table.stored(taken.id) == taken


def test_who_sits_down_meanwhile_is_not_joined_by_themselves() -> None:
    """A host who resumes on the seeker's connection in this moment does not sit at both sides."""
    store = MeddledStore(MemoryStore())
    table = Harness(store)
    host = table.start("ada", listed=True)
    assert isinstance(host.token, str)
    resume = wire.Resume(id=host.id, token=host.token)
    store.next["load"] = after(lambda: table.send("bob", resume))
    assert isinstance(match(table, "bob"), wire.Started)
    assert table.stored(host.id).status == "waiting"


def test_a_host_who_hangs_up_before_the_look_is_passed_over() -> None:
    """A line of the lobby whose host has gone since is no opponent."""
    store = MeddledStore(MemoryStore())
    table = Harness(store)
    host = table.start("ada", listed=True)
    store.next["load"] = after(lambda: table.hang_up("ada"))
    assert isinstance(match(table, "bob"), wire.Started)
    assert table.stored(host.id).status == "waiting"
