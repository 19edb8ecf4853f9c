"""Calls whose first try did its work unseen, and requests that come twice at once.

A library that repeats a call, a platform that repeats an invocation and a client that repeats a
request all do it in good faith: nobody may lose a game, or miss what happened, by it.
"""

import pytest
from msgspec import UNSET

from backend.core import game as rules
from backend.core.ports import Metric
from shared import messages as wire
from shared.board import Mark
from tests.backend.harness import Harness
from tests.backend.meddling import MeddledStore, after, late, refused, unseen
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


def test_who_offered_hears_of_the_rematch(table: Harness, store: MeddledStore) -> None:
    """A rematch accepted by a try that seemed to fail is announced to who offered it."""
    game_id = table.finish()
    table.send("ada", wire.Rematch(id=game_id))
    store.next["save"] = unseen
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
    table.clock.advance(ms=1)
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

    store.next["create"] = after(meanwhile)
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

    store.next["create"] = after(meanwhile)
    reply = table.send("bob", wire.Rematch(id=started.id))
    assert isinstance(reply, wire.RematchOffered)
    assert reply.next is not UNSET
    assert table.stored(reply.next.id).o.connection == "ada2"


def test_an_offer_that_lapses_leaves_no_game(table: Harness, store: MeddledStore) -> None:
    """A rematch whose offer lapses while it is accepted is seen by nobody, and can come yet."""
    game_id = table.finish(listed=True)
    table.send("ada", wire.Rematch(id=game_id))
    store.next["save"] = after(lambda: table.send("ada", wire.Leave(id=game_id)))
    reply = table.send("bob", wire.Rematch(id=game_id))
    assert isinstance(reply, wire.RematchOffered)
    assert reply.next is UNSET
    assert table.send("eve", wire.List(kind="live")) == wire.Listed(games=())
    assert [each for each, _ in store.games_of("bob")] == [game_id]


def test_a_lapsed_rematch_comes_yet(table: Harness, store: MeddledStore) -> None:
    """The game that was withdrawn is the one that both then play."""
    started = table.start("ada")
    table.join("bob", started.id)
    table.play(started.id, "03142")
    table.send("ada", wire.Rematch(id=started.id))
    store.next["save"] = after(lambda: table.send("ada", wire.Leave(id=started.id)))
    table.send("bob", wire.Rematch(id=started.id))
    assert started.token is not UNSET
    table.send("ada", wire.Resume(id=started.id, token=started.token))
    reply = table.send("ada", wire.Rematch(id=started.id))
    assert isinstance(reply, wire.RematchOffered)
    assert reply.next is not UNSET
    assert (reply.next.mark, reply.next.game.status) == (Mark.O, "playing")
    assert isinstance(table.send("bob", wire.Play(id=reply.next.id, tile="1,1")), wire.Played)


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


# A store that is busy half way


def test_what_is_only_remembered_may_fail(table: Harness, store: MeddledStore) -> None:
    """That a key's game could not be noted costs the joiner nothing."""
    waiting = table.send("ada", wire.QuickMatch(key=ADAS))
    assert isinstance(waiting, wire.Started)
    store.next["create"] = refused
    joined = table.send("bob", wire.QuickMatch(key=BOBS))
    assert isinstance(joined, wire.Joined)
    assert joined.id == waiting.id


def older_and_own(table: Harness) -> tuple[str, wire.Started]:
    """A game that waits, and a newer one of bob's, who did not see it in a lobby that lags."""
    older = table.start("ada", listed=True)
    table.clock.advance(seconds=1)
    own = table.start("bob", listed=True, key=BOBS)
    return older.id, own


def test_no_seat_is_held_by_who_stays(table: Harness, store: MeddledStore) -> None:
    """When the own waiting game cannot be given up, the seat found is."""
    older, own = older_and_own(table)
    again = wire.QuickMatch(key=BOBS, id=own.id)
    store.next["save"] = refused
    assert table.error("bob", again).code == "busy"
    assert table.stored(older).status == table.stored(own.id).status == "waiting"
    assert rules.seat_of(table.stored(older), "bob") is None
    assert isinstance(table.send("bob", again), wire.Joined)


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
    store.next["save"] = after(lambda: table.service.disconnected("ada"))
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
