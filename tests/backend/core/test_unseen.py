"""Calls whose first try did its work unseen, and requests that come twice at once.

A library that repeats a call, a platform that repeats an invocation and a client that repeats a
request all do it in good faith: nobody may lose a game, or miss what happened, by it.
"""

from collections.abc import Callable

import pytest
from msgspec import UNSET
from msgspec.structs import replace as with_fields

from backend.core import game as rules
from backend.core.ports import Metric
from shared import messages as wire
from shared.board import Mark
from tests.backend.harness import Harness
from tests.backend.meddling import Call, MeddledStore, after, late, refused, unseen
from tests.backend.memory import MemoryStore

ADAS, BOBS = "a" * 22, "b" * 22


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def store(memory: MemoryStore) -> MeddledStore:
    return MeddledStore(memory)


@pytest.fixture
def table(store: MeddledStore) -> Harness:
    return Harness(store=store)


def kinds(events: list[wire.AnyEvent]) -> list[type]:
    return [type(event) for event in events]


# The first try did it, unseen


def test_a_host_hears_who_joined(table: Harness, store: MeddledStore) -> None:
    """A seat taken by a try that seemed to fail is announced all the same."""
    game_id = table.start("ada").id
    store.next["take_seat"] = unseen
    assert isinstance(table.send("bob", wire.Join(id=game_id, key=BOBS)), wire.Joined)
    assert kinds(table.heard("ada")) == [wire.Joined]


def test_a_host_hears_of_a_repeated_join(table: Harness, store: MeddledStore) -> None:
    """So it is when the answer was ``busy`` and the client asked again."""
    game_id = table.start("ada").id
    store.next["take_seat"] = late
    assert table.error("bob", wire.Join(id=game_id, key=BOBS)).code == "busy"
    assert isinstance(table.send("bob", wire.Join(id=game_id, key=BOBS)), wire.Joined)
    assert kinds(table.heard("ada")) == [wire.Joined]


def test_who_stays_hears_who_left(table: Harness, store: MeddledStore) -> None:
    """A seat given up by a try that seemed to fail is announced."""
    game_id = table.seat_two()
    store.next["save"] = unseen
    assert isinstance(table.send("bob", wire.Leave(id=game_id)), wire.Left)
    [presence] = table.heard("ada")
    assert isinstance(presence, wire.Presence)
    assert (presence.mark, presence.online) == (Mark.O, False)


def test_who_stays_hears_of_a_repeated_leave(table: Harness, store: MeddledStore) -> None:
    """Answered ``busy`` though the seat was left, the same `leave` again is announced."""
    game_id = table.seat_two()
    store.next["save"] = late
    assert table.error("bob", wire.Leave(id=game_id)).code == "busy"
    assert table.heard("ada") == []
    left = table.stored(game_id)
    assert isinstance(table.send("bob", wire.Leave(id=game_id)), wire.Left)
    [presence] = table.heard("ada")
    assert isinstance(presence, wire.Presence)
    assert (presence.mark, presence.online) == (Mark.O, False)
    assert table.stored(game_id) == left


def test_who_left_and_watches_only_stops_watching(table: Harness) -> None:
    """Of a watcher who goes nobody hears, also where that one has left a seat before."""
    game_id = table.seat_two()
    for request in (wire.Leave(id=game_id), wire.Watch(id=game_id)):
        table.send("bob", request)
    table.heard("ada")
    assert isinstance(table.send("bob", wire.Leave(id=game_id)), wire.Left)
    assert table.heard("ada") == []


def test_who_offered_hears_of_the_rematch(table: Harness, store: MeddledStore) -> None:
    """A rematch accepted by a try that seemed to fail is announced to who offered it."""
    game_id = table.finish()
    table.send("ada", wire.Rematch(id=game_id))
    store.next["save_together"] = unseen
    reply = table.send("bob", wire.Rematch(id=game_id))
    assert isinstance(reply, wire.RematchOffered)
    assert reply.next is not UNSET
    [pushed] = table.heard("ada")
    assert isinstance(pushed, wire.RematchOffered)
    assert pushed.next is not UNSET
    assert (pushed.next.id, pushed.next.mark) == (reply.next.id, Mark.O)


def test_a_lost_connection_is_told(table: Harness, store: MeddledStore) -> None:
    """A seat unbound by a try that seemed to fail is announced as lost."""
    table.seat_two()
    store.next["unbind"] = unseen
    table.hang_up("bob")
    assert kinds(table.heard("ada")) == [wire.Presence]


def test_an_emote_is_heard(table: Harness, store: MeddledStore) -> None:
    """An emote noted by a try that seemed to fail is heard, and not refused as the second."""
    game_id = table.seat_two()
    store.next["emote"] = unseen
    emote = table.send("bob", wire.Emote(id=game_id, emote="gg"))
    assert isinstance(emote, wire.Emoted)
    assert table.heard("ada") == [emote]
    assert table.refused("bob", wire.Emote(id=game_id, emote="gg")) == "too_early"


def test_who_is_replaced_hears_of_it(table: Harness, store: MeddledStore) -> None:
    """A seat bound by a try that seemed to fail is told to the terminal that held it."""
    started = table.start("ada")
    table.join("bob", started.id)
    table.heard("ada")
    store.next["bind"] = unseen
    assert started.token is not UNSET
    resumed = table.send("ada2", wire.Resume(id=started.id, token=started.token))
    assert isinstance(resumed, wire.Resumed)
    assert table.heard("ada") == [wire.Replaced(id=started.id)]
    assert kinds(table.heard("bob")) == [wire.Presence]


def test_a_resume_answered_late_still_replaces(table: Harness, store: MeddledStore) -> None:
    """Answered ``busy`` though it was done, a resume is a success when it comes again."""
    started = table.start("ada")
    store.next["bind"] = late
    assert started.token is not UNSET
    resume = wire.Resume(id=started.id, token=started.token)
    assert table.error("ada2", resume).code == "busy"
    table.clock.advance(seconds=2)
    assert isinstance(table.send("ada2", resume), wire.Resumed)
    assert table.heard("ada") == [wire.Replaced(id=started.id)]


def test_a_game_counts_once(table: Harness) -> None:
    """A request that only repeats what happened is no other finished game."""
    game_id = table.seat_two()
    for _ in range(3):
        assert isinstance(table.send("bob", wire.Resign(id=game_id)), wire.Resigned)
    assert table.metrics.counts[Metric.FINISHED] == 1


# The same request twice at once


def test_a_late_twin_cannot_undo_a_result(table: Harness, store: MeddledStore) -> None:
    """A rematch asked for twice at once is one game, whatever happened in it meanwhile."""
    game_id = table.finish()
    table.send("ada", wire.Rematch(id=game_id))

    def meanwhile() -> None:
        first = table.send("bob", wire.Rematch(id=game_id))
        assert isinstance(first, wire.RematchOffered)
        assert first.next is not UNSET
        table.send("ada", wire.Resign(id=first.next.id))

    store.next["save_together"] = after(meanwhile)
    reply = table.send("bob", wire.Rematch(id=game_id))
    assert isinstance(reply, wire.RematchOffered)
    assert reply.next is not UNSET
    assert (reply.next.game.status, reply.next.game.winner) == ("resigned", Mark.X)
    assert table.game(reply.next.id) == reply.next.game


def test_a_late_twin_cannot_unseat(table: Harness, store: MeddledStore) -> None:
    """Nor does it give a seat back to a connection that another has taken the place of."""
    started = table.start("ada")
    table.join("bob", started.id)
    table.play(started.id, "03142")
    table.send("ada", wire.Rematch(id=started.id))

    def meanwhile() -> None:
        first = table.send("bob", wire.Rematch(id=started.id))
        assert isinstance(first, wire.RematchOffered)
        assert first.next is not UNSET
        assert started.token is not UNSET
        resumed = table.send("ada2", wire.Resume(id=first.next.id, token=f"o{started.token[1:]}"))
        assert isinstance(resumed, wire.Resumed)

    store.next["save_together"] = after(meanwhile)
    reply = table.send("bob", wire.Rematch(id=started.id))
    assert isinstance(reply, wire.RematchOffered)
    assert reply.next is not UNSET
    assert table.stored(reply.next.id).o.connection == "ada2"


def test_an_offer_that_lapses_leaves_no_game(table: Harness, store: MeddledStore) -> None:
    """A rematch whose offer lapses while it is accepted is seen by nobody, and can come yet."""
    game_id = table.finish(listed=True)
    table.send("ada", wire.Rematch(id=game_id))
    store.next["save_together"] = after(lambda: table.send("ada", wire.Leave(id=game_id)))
    reply = table.send("bob", wire.Rematch(id=game_id))
    assert isinstance(reply, wire.RematchOffered)
    assert reply.next is UNSET
    assert table.send("eve", wire.List(kind="live")) == wire.Listed(games=())
    assert [each for each, _ in store.games_of("bob")] == [game_id]


def test_a_replaced_connection_leaves_no_game(
    table: Harness, store: MeddledStore, memory: MemoryStore
) -> None:
    """A rematch accepted while a player comes back from elsewhere is begun with who is there."""
    started = table.start("ada", listed=True)
    table.join("bob", started.id)
    table.play(started.id, "03142")
    table.send("bob", wire.Rematch(id=started.id))
    assert started.token is not UNSET
    resume = wire.Resume(id=started.id, token=started.token)
    store.next["save_together"] = after(lambda: table.send("ada2", resume))
    assert table.refused("ada", wire.Rematch(id=started.id)) == "not_seated"
    assert list(memory.games) == [started.id]
    reply = table.send("ada2", wire.Rematch(id=started.id))
    assert isinstance(reply, wire.RematchOffered)
    assert reply.next is not UNSET
    assert table.stored(reply.next.id).o.connection == "ada2"


@pytest.mark.parametrize("meddle", [late, unseen])
def test_who_offered_hears_of_a_rematch_answered_late(
    meddle: Callable[[Call], object], table: Harness, store: MeddledStore
) -> None:
    """Accepted by a request whose answer was lost, a rematch is announced by its repeat."""
    game_id = table.finish()
    table.send("ada", wire.Rematch(id=game_id))
    store.next["save_together"] = meddle
    for _ in range(2):
        reply = table.send("bob", wire.Rematch(id=game_id))
    assert isinstance(reply, wire.RematchOffered)
    assert reply.next is not UNSET
    pushed = table.heard("ada")[-1]
    assert isinstance(pushed, wire.RematchOffered)
    assert pushed.next is not UNSET
    assert (pushed.next.id, pushed.next.mark) == (reply.next.id, Mark.O)


def test_two_matches_with_one_key(table: Harness, store: MeddledStore) -> None:
    """Quick match asked for twice at once takes one seat; the other host waits on."""
    table.send("ada", wire.QuickMatch(key=ADAS))
    table.start("carl", listed=True)
    store.next["lobby"] = after(lambda: table.send("bob", wire.QuickMatch(key=BOBS)))
    assert isinstance(table.send("bob", wire.QuickMatch(key=BOBS)), wire.Joined)
    assert len(store.games_of("bob")) == 1
    statuses = sorted(
        table.stored(each).status for who in ("ada", "carl") for each, _ in store.games_of(who)
    )
    assert statuses == ["playing", "waiting"]


def test_a_match_that_waits_and_joins(table: Harness, store: MeddledStore) -> None:
    """When one of the two waits and the other joins, the waiting game is given up."""

    def meanwhile() -> None:
        assert isinstance(table.send("bob", wire.QuickMatch(key=BOBS)), wire.Started)
        table.start("ada", listed=True)

    store.next["lobby"] = after(meanwhile)
    joined = table.send("bob", wire.QuickMatch(key=BOBS))
    assert isinstance(joined, wire.Joined)
    assert list(store.games_of("bob")) == [(joined.id, joined.mark)]


@pytest.mark.parametrize("meddle", [late, unseen])
def test_a_match_answered_late_is_the_same_seat(
    meddle: Callable[[Call], object], table: Harness, store: MeddledStore
) -> None:
    """A seat whose answer was lost is found by the repeat, whatever became of the game since."""
    host = table.send("ada", wire.QuickMatch(key=ADAS))
    assert isinstance(host, wire.Started)
    table.start("carl", listed=True)
    store.next["save_together"] = meddle
    table.send("bob", wire.QuickMatch(key=BOBS))
    table.send("ada", wire.Resign(id=host.id))
    again = table.send("bob", wire.QuickMatch(key=BOBS))
    assert isinstance(again, wire.Joined)
    assert (again.id, again.game.status) == (host.id, "resigned")
    assert [each for each, _ in store.games_of("bob")] == [host.id]


# A store that is busy half way


def older_and_own(table: Harness) -> tuple[str, wire.Started]:
    """A game that waits, and a newer one of bob's, who did not see it in a lobby that lags."""
    older = table.start("ada", listed=True)
    table.clock.advance(seconds=1)
    own = table.start("bob", listed=True, key=BOBS)
    return older.id, own


@pytest.mark.parametrize("meddle", [late, refused])
def test_nobody_is_stranded_by_a_busy_store(
    meddle: Callable[[Call], object], table: Harness, store: MeddledStore
) -> None:
    """Answered ``busy``, who moves to an older game has moved or waits; the repeat is served."""
    older, own = older_and_own(table)
    again = wire.QuickMatch(key=BOBS, id=own.id)
    store.next["save_together"] = meddle
    assert table.error("bob", again).code == "busy"
    statuses = (table.stored(older).status, table.stored(own.id).status)
    assert statuses == (("playing", "cancelled") if meddle is late else ("waiting", "waiting"))
    joined = table.send("bob", again)
    assert isinstance(joined, wire.Joined)
    assert (joined.id, table.stored(own.id).next) == (older, older)
    assert isinstance(table.heard("ada")[-1], wire.Joined)


def test_another_key_can_be_repeated(table: Harness) -> None:
    """Who brings a game of another key than the seat to come is answered the same again."""
    older = table.start("ada", listed=True)
    table.clock.advance(seconds=1)
    own = table.start("bob", listed=True, key=BOBS)
    match = wire.QuickMatch(key="c" * 22, id=own.id)
    joined = table.send("bob", match)
    assert isinstance(joined, wire.Joined)
    assert (joined.id, joined.token) == (older.id, "o." + "c" * 22)
    assert table.send("bob", match) == joined
    assert table.stored(own.id).status == "cancelled"


def test_a_match_without_a_key_is_known_by_its_connection(table: Harness) -> None:
    """Repeated without a key, it is the same seat; its token was told once."""
    older, own = older_and_own(table)
    match = wire.QuickMatch(id=own.id)
    joined = table.send("bob", match)
    assert isinstance(joined, wire.Joined)
    assert joined.id == older
    assert table.send("bob", match) == with_fields(joined, token=UNSET)
    assert table.refused("eve", match) == "not_seated"


def test_a_third_player_keeps_the_seat(table: Harness, store: MeddledStore) -> None:
    """Whoever joins the found game, or the own one, in this moment is not thrown out."""
    older, own = older_and_own(table)
    store.next["save_together"] = after(lambda: table.join("kim", older))
    again = table.send("bob", wire.QuickMatch(key=BOBS, id=own.id))
    assert isinstance(again, wire.Started)
    assert (again.id, again.game.status) == (own.id, "waiting")
    assert table.stored(older).o.connection == "kim"


def test_a_resigned_game_stays_over(table: Harness, store: MeddledStore) -> None:
    """A game that ends while its opponent turns out to be gone is not brought back to life."""
    host = table.send("ada", wire.QuickMatch(key=ADAS))
    assert isinstance(host, wire.Started)

    def meanwhile() -> None:
        table.join("kim", host.id)
        table.send("ada", wire.Resign(id=host.id))

    store.next["save_together"] = after(meanwhile)
    assert isinstance(table.send("bob", wire.QuickMatch(key=BOBS)), wire.Started)
    over = table.stored(host.id)
    assert (over.status, over.winner, over.o.connection) == ("resigned", Mark.O, "kim")


def test_watchers_hear_that_a_host_went_on(table: Harness) -> None:
    """Whoever watches a waiting game is told when its host plays elsewhere."""
    _, own = older_and_own(table)
    table.send("eve", wire.Watch(id=own.id))
    table.send("bob", wire.QuickMatch(key=BOBS, id=own.id))
    [presence] = table.heard("eve")
    assert isinstance(presence, wire.Presence)
    assert presence.game.status == "cancelled"


def test_a_host_who_hangs_up_meanwhile(table: Harness, store: MeddledStore) -> None:
    """A host whose end is noticed twice at once is gone once: the next one is joined."""
    gone = table.send("ada", wire.QuickMatch(key=ADAS))
    assert isinstance(gone, wire.Started)
    table.clock.advance(seconds=1)
    next_one = table.start("carl", listed=True)
    table.clock.advance(seconds=1)
    table.connections.gone.add("ada")
    store.next["unbind"] = after(lambda: table.service.disconnected("ada"))
    joined = table.send("bob", wire.QuickMatch(key=BOBS))
    assert isinstance(joined, wire.Joined)
    assert joined.id == next_one.id
    left = table.stored(gone.id)
    assert (left.status, left.o.taken, left.since) == ("waiting", False, gone.now)


def test_who_is_gone_is_told_once(table: Harness) -> None:
    """One move at a table that everybody has left costs one push and one write for each."""
    game_id = table.seat_two()
    gone = {f"w{number}" for number in range(rules.MAX_WATCHERS)}
    for watcher in sorted(gone):
        table.send(watcher, wire.Watch(id=game_id))
    table.connections.gone |= gone | {"bob"}
    posts: list[str] = []
    table.connections.on_post = posts.append
    table.send("ada", wire.Play(id=game_id, tile="0,0", after=""))
    assert sorted(posts) == sorted(gone | {"ada", "bob"})


def test_who_came_back_in_this_moment_is_not_told_lost(table: Harness, store: MeddledStore) -> None:
    """Of a seat that is resumed while its old connection ends nobody hears that it is lost."""
    started = table.start("ada")
    assert started.token is not UNSET
    table.join("bob", started.id)
    resume = wire.Resume(id=started.id, token=started.token)
    store.next["unbind"] = after(lambda: table.send("ada2", resume))
    table.hang_up("ada")
    told = [event for event in table.heard("bob") if isinstance(event, wire.Presence)]
    assert [event.online for event in told] == [True]


def test_who_sits_opposite_now_is_not_told_replaced(table: Harness) -> None:
    """A connection that was replaced and has the other seat since is where it should be."""
    started = table.start("ada")
    assert started.token is not UNSET
    resume = wire.Resume(id=started.id, token=started.token)
    table.send("ada2", resume)
    table.join("ada", started.id)
    table.heard("ada")
    table.send("ada2", resume)
    assert wire.Replaced not in kinds(table.heard("ada"))


def test_a_seat_taken_over_while_it_is_left_is_not_told_left(
    table: Harness, store: MeddledStore
) -> None:
    """Left by a try that seemed to fail and resumed meanwhile, a seat is shown as it is."""
    game_id = table.start("ada").id
    joined = table.join("bob", game_id)
    table.heard("ada")
    assert joined.token is not UNSET
    resume = wire.Resume(id=game_id, token=joined.token)

    def meddle(call: Call) -> object:
        call()
        table.send("bob2", resume)
        return call()

    store.next["save"] = meddle
    assert isinstance(table.send("bob", wire.Leave(id=game_id)), wire.Left)
    told = [event for event in table.heard("ada") if isinstance(event, wire.Presence)]
    assert [event.online for event in told] == [True]
