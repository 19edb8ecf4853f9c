"""What each request costs, as the protocol promises, counted at the clients of the real wiring."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from backend.core.ports import SEATS_FOUND
from tests.backend.aws.bench import Bench, tile
from tests.backend.aws.emulator import emulator
from tests.backend.aws.meter import Bill

SHARDS = 4


@dataclass(frozen=True)
class Cost:
    """A line of the protocol's table: calls, index write units, pushes.

    Of the ``writes``, ``together`` are made in one transaction, where each costs two.
    """

    reads: int = 0
    writes: int = 0
    together: int = 0
    queries: int = 0
    index_units: int = 0
    pushes: int = 0
    looks: int = 0


def cost_of(bill: Bill) -> Cost:
    # No item is larger than one write unit: what is written once costs one.
    together = bill.table_units - bill.writes
    return Cost(
        bill.reads,
        bill.writes,
        together,
        bill.queries,
        bill.index_units,
        bill.pushes,
        bill.looks,
    )


@pytest.fixture
def bench() -> Bench:
    return Bench(emulator())


def play(bench: Bench) -> Bill:
    code = bench.seated()
    return bench.cost("ada", type="play", id=code, tile="1,1", after="")


def play_watched(bench: Bench) -> Bill:
    code = bench.seated()
    for who in ("eve", "mallory"):
        bench.ask(who, type="watch", id=code)
    return bench.cost("ada", type="play", id=code, tile="1,1", after="")


def play_listed(bench: Bench) -> Bill:
    code = bench.seated(listed=True)
    return bench.cost("ada", type="play", id=code, tile="1,1", after="")


def play_unseen(bench: Bench) -> Bill:
    code = bench.seated()
    return bench.cost("ada", type="play", id=code, tile="1,1")


def last_move(bench: Bench, *, listed: bool) -> Bill:
    code = bench.seated(listed=listed)
    bench.play(code, "0314")
    return bench.cost("ada", type="play", id=code, tile="0,2", after="0314")


def repeated(bench: Bench) -> Bill:
    code = bench.seated()
    bench.play(code, "4")
    return bench.cost("ada", type="play", id=code, tile="1,1", after="")


def resume(bench: Bench) -> Bill:
    started = bench.ask("ada", type="start")
    bench.ask("bob", type="join", id=started["id"])
    bench.hang_up("ada")
    return bench.cost("again", type="resume", id=started["id"], token=started["token"])


def at_table(bench: Bench, kind: str) -> Bill:
    code = bench.seated()
    return bench.cost("ada", type=kind, id=code)


def claim(bench: Bench) -> Bill:
    code = bench.seated(clock=5)
    bench.clock.advance(seconds=6)
    return bench.cost("bob", type="claim", id=code)


def watch(bench: Bench) -> Bill:
    return bench.cost("eve", type="watch", id=bench.seated())


def rematch(bench: Bench, *, second: bool) -> Bill:
    code = bench.seated()
    bench.play(code, "03142")
    if second:
        bench.ask("ada", type="rematch", id=code)
    return bench.cost("bob", type="rematch", id=code)


def match(bench: Bench, *, met: bool, key: bool = False) -> Bill:
    if met:
        bench.ask("ada", type="match")
    chosen = {"key": bench.key()} if key else {}
    return bench.cost("bob", type="match", **chosen)


def match_again(bench: Bench) -> Bill:
    key = bench.key()
    own = bench.ask("bob", type="match", key=key)["id"]
    return bench.cost("bob", type="match", key=key, id=own)


def match_moves(bench: Bench) -> Bill:
    bench.ask("ada", type="match")
    bench.clock.advance(ms=1)
    own = bench.ask("bob", type="start", listed=True, key=(key := bench.key()))["id"]
    return bench.cost("bob", type="match", key=key, id=own)


def disconnect(bench: Bench, *, seats: int) -> Bill:
    for _ in range(seats):
        bench.seated()
    bench.session.measured()
    bench.hang_up("ada")
    return bench.session.measured()


def disconnect_waiting(bench: Bench) -> Bill:
    bench.ask("ada", type="start", listed=True)
    bench.session.measured()
    bench.hang_up("ada")
    return bench.session.measured()


def resume_waiting(bench: Bench) -> Bill:
    started = bench.ask("ada", type="start", listed=True)
    bench.hang_up("ada")
    return bench.cost("again", type="resume", id=started["id"], token=started["token"])


def push_to_the_gone(bench: Bench) -> Bill:
    code = bench.seated()
    bench.session.gone.add("bob")
    return bench.cost("ada", type="play", id=code, tile="1,1", after="")


# Index units: a seat taken or given up is 1 in the index of its player; a listed game is 1 in the
# lobby when it appears, when its players change or when it goes, 2 when it begins.
COSTS: dict[str, tuple[Callable[[Bench], Bill], Cost]] = {
    "play": (play, Cost(writes=1, pushes=1)),
    "play, two watchers": (play_watched, Cost(writes=1, pushes=3)),
    "play, listed": (play_listed, Cost(writes=1, pushes=1)),
    "last move": (lambda b: last_move(b, listed=False), Cost(writes=1, pushes=1)),
    "last move, listed": (
        lambda b: last_move(b, listed=True),
        Cost(writes=1, index_units=1, pushes=1),
    ),
    "play without after": (play_unseen, Cost(reads=1, writes=1, pushes=1)),
    "play once more": (repeated, Cost(writes=1, pushes=1)),
    "start": (lambda b: b.cost("ada", type="start"), Cost(writes=1, index_units=1)),
    "start, listed": (
        lambda b: b.cost("ada", type="start", listed=True),
        Cost(writes=1, index_units=2),
    ),
    "join": (
        lambda b: b.cost("bob", type="join", id=b.ask("ada", type="start")["id"]),
        Cost(reads=1, writes=1, index_units=1, pushes=1),
    ),
    "join, listed": (
        lambda b: b.cost("bob", type="join", id=b.ask("ada", type="start", listed=True)["id"]),
        Cost(reads=1, writes=1, index_units=3, pushes=1),
    ),
    "resume": (resume, Cost(writes=1, index_units=1, pushes=1)),
    "resign": (lambda b: at_table(b, "resign"), Cost(reads=1, writes=1, pushes=1)),
    "claim": (claim, Cost(reads=1, writes=1, pushes=1)),
    "leave": (lambda b: at_table(b, "leave"), Cost(reads=1, writes=1, index_units=1, pushes=1)),
    "watch": (watch, Cost(writes=1)),
    "rematch": (lambda b: rematch(b, second=False), Cost(reads=1, writes=1, pushes=1)),
    "rematch, the second": (
        lambda b: rematch(b, second=True),
        Cost(reads=2, writes=2, together=2, index_units=4, pushes=1),
    ),
    "emote": (
        lambda b: b.cost("ada", type="emote", id=b.seated(), emote="gg"),
        Cost(writes=1, pushes=1),
    ),
    "ping": (lambda b: b.cost("ada", type="ping"), Cost()),
    "ping with id": (lambda b: at_table(b, "ping"), Cost(reads=1)),
    "list": (lambda b: b.cost("ada", type="list"), Cost(queries=SHARDS)),
    "match, alone": (
        lambda b: match(b, met=False),
        Cost(writes=1, queries=SHARDS, index_units=2),
    ),
    "match, met": (
        lambda b: match(b, met=True),
        Cost(reads=1, writes=1, together=1, queries=SHARDS, index_units=3, pushes=1, looks=1),
    ),
    "match with key, alone": (
        lambda b: match(b, met=False, key=True),
        Cost(reads=1, writes=1, queries=SHARDS, index_units=2),
    ),
    "match with key, met": (
        lambda b: match(b, met=True, key=True),
        Cost(reads=2, writes=2, together=2, queries=SHARDS, index_units=3, pushes=1, looks=1),
    ),
    "match again, met": (
        match_moves,
        Cost(reads=2, writes=2, together=2, queries=SHARDS, index_units=5, pushes=1, looks=1),
    ),
    "match again": (match_again, Cost(reads=1, queries=SHARDS)),
    "$disconnect, no seat": (lambda b: disconnect(b, seats=0), Cost(queries=2)),
    "$disconnect, two seats": (
        lambda b: disconnect(b, seats=2),
        Cost(reads=2, writes=2, queries=2, index_units=2, pushes=2),
    ),
    # Alone at a listed game: it goes out of the lobby, and back into it.
    "$disconnect, nobody left": (disconnect_waiting, Cost(writes=2, queries=2, index_units=3)),
    "resume, nobody there": (resume_waiting, Cost(writes=2, index_units=2)),
    # The one who asks is told, too, that the other is gone.
    "push to the gone": (push_to_the_gone, Cost(writes=2, index_units=1, pushes=2)),
}


def test_a_disconnect_does_not_grow_with_what_was_played(bench: Bench) -> None:
    """Of the past the last seats are read, and the last game is marked."""
    for _ in range(SEATS_FOUND + 2):
        bench.clock.advance(ms=1)
        bench.ask("ada", type="resign", id=bench.seated())
    bench.clock.advance(ms=1)
    bench.seated()
    bench.session.measured()
    bench.hang_up("ada")
    cost = cost_of(bench.session.measured())
    assert cost == Cost(reads=SEATS_FOUND, writes=2, queries=2, index_units=2, pushes=2)


def test_a_claim_that_comes_too_early_looks_once(bench: Bench) -> None:
    """A claim against an opponent who seems to be there costs a read and a look."""
    code = bench.seated()
    bench.session.measured()
    assert bench.ask("ada", type="claim", id=code)["code"] == "too_early"
    assert cost_of(bench.session.measured()) == Cost(reads=1, looks=1)


@pytest.mark.parametrize(("request_", "cost"), COSTS.values(), ids=COSTS)
def test_what_a_request_costs(bench: Bench, request_: Callable[[Bench], Bill], cost: Cost) -> None:
    """Each request reads, writes and pushes what the protocol says, and no more."""
    assert cost_of(request_(bench)) == cost


def test_a_warm_move_is_two_calls(bench: Bench) -> None:
    """A move is one write and one push, on clients that were made before."""
    code = bench.seated()
    made = bench.session.clients
    bill = bench.cost("ada", type="play", id=code, tile=tile("4"), after="")
    assert bill.operations == {"UpdateItem": 1, "PostToConnection": 1}
    assert bench.session.clients == made == 2
