"""Failures on purpose: each does what it says, by its seed, and the game stays right under all."""

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.core.game import Game, Moment, Move, Seat
from backend.core.ports import Busy, Conflict, Gone, Undelivered
from backend.local import chaos
from backend.local.chaos import CALM, Broken, ChaosConnections, ChaosStore, Dice, Faults
from backend.local.gateway import Gateway
from backend.local.limits import Limits
from backend.local.sqlite import SqliteStore
from shared.board import Mark
from tests.backend.local.peer import peer, seated
from tests.backend.local.stubborn import Stubborn
from tests.backend.memory import ManualClock, MemoryConnections, MemoryStore
from tests.proofs.counts import count

NOW = 1_700_000_000_000
AT = Moment(NOW, NOW // 1000 + 3600)


def always(fault: str) -> dict[str, float]:
    return {fault: 1}


def test_a_seed_is_a_fate() -> None:
    """The same seed draws the same faults; another seed, or purpose, draws others."""

    def fates(seed: int, purpose: str = "store") -> list[str | None]:
        dice = Dice(seed, purpose)
        return [dice.draw(chaos.STORE) for _ in range(200)]

    assert fates(1) == fates(1)
    assert fates(1) != fates(2)
    assert fates(1) != fates(1, "push")


def test_faults_come_as_often_as_they_are_likely() -> None:
    """What is named 5 % happens about that often, and mostly nothing does."""
    dice = Dice(1, "store")
    drawn = Counter(dice.draw(chaos.STORE) for _ in range(100_000))
    for fault, chance in chaos.STORE.items():
        assert drawn[fault] == pytest.approx(100_000 * chance, rel=0.1)


def test_every_fault_is_documented() -> None:
    """The documentation names every fault, where it happens and how often."""
    text = (Path(__file__).parents[3] / "docs" / "security.md").read_text(encoding="utf-8")
    told: dict[str, dict[str, float]] = {}
    for place, faults in re.findall(
        r"^\| (an? [^|]*|the end[^|]*) \| (\d[^|]*) \|", text, re.MULTILINE
    ):
        found = {name: int(often) / 100 for often, name in re.findall(r"(\d+) `([a-z ]+)`", faults)}
        told.setdefault(place, {}).update(found)
    told["a call of the store"] |= told.pop("a look into an index")
    assert told == {
        "a call of the store": chaos.STORE,
        "a commit of a group of requests": chaos.COMMIT,
        "a push": chaos.PUSH,
        "a request": chaos.ARRIVAL,
        "a frame to a client": chaos.DELIVERY,
        "the end of a connection": chaos.ENDING,
        "a connection, each second": chaos.SWEEP,
    }


def match(**fields: Any) -> Game:
    x = Seat(token="a" * 64, connection="ada")
    o = Seat(token="b" * 64, connection="bob")
    blank = Game(id="K7QF2M", expires=AT.expires, status="playing", x=x, o=o, since=NOW)
    return replace(blank, **fields)


@pytest.mark.parametrize(
    ("fault", "error", "moves"),
    [
        ("throttled", Busy, ""),
        ("timed out", Busy, "4"),
        ("broken", Broken, ""),
        ("broken after", Broken, "4"),
    ],
)
def test_a_store_fails_before_or_after_the_change(
    fault: str, error: type[Exception], moves: str
) -> None:
    """A call that fails has changed everything it was to change, or nothing."""
    memory = MemoryStore()
    memory.create(match(), AT)
    store = ChaosStore(memory, Dice(1, "store"), always(fault))
    with pytest.raises(error):
        store.append_move("K7QF2M", "ada", Move("", 4), AT)
    found = memory.load("K7QF2M", AT)
    assert found is not None
    assert found.moves == moves


def test_a_call_is_made_twice() -> None:
    """A change whose answer was lost is made once more, and the second answer is returned."""
    memory = MemoryStore()
    memory.create(match(), AT)
    store = ChaosStore(memory, Dice(1, "store"), always("twice"))
    with pytest.raises(Conflict) as caught:
        store.append_move("K7QF2M", "ada", Move("", 4), AT)
    assert caught.value.current == memory.load("K7QF2M", AT)
    assert caught.value.current is not None
    assert caught.value.current.moves == "4"


@pytest.mark.parametrize(
    ("fault", "error", "moves"),
    [("refused", Busy, ""), ("broken", Broken, ""), ("broken after", Broken, "4")],
)
def test_a_commit_fails_before_or_after_it_is_made(
    fault: str, error: type[Exception], moves: str
) -> None:
    """Of a group whose commit fails everything was kept, or nothing."""
    with closing(SqliteStore(":memory:")) as kept:
        kept.create(match(), AT)
        store = ChaosStore(
            kept, Dice(1, "store"), {}, commits=Dice(1, "commit"), commit_odds=always(fault)
        )
        with pytest.raises(error), store.group():
            store.append_move("K7QF2M", "ada", Move("", 4), AT)
        found = kept.load("K7QF2M", AT)
    assert found is not None
    assert found.moves == moves


def test_an_index_lags_behind() -> None:
    """A lobby is shown as it was, and a connection's seats are not known yet."""
    memory = MemoryStore()
    memory.create(match(listed=True), AT)
    odds: dict[str, float] = {}
    store = ChaosStore(memory, Dice(1, "store"), odds)
    before = store.lobby("live", 0)
    memory.create(match(id="SECOND", listed=True), AT)
    odds["lagging"] = 1
    assert store.lobby("live", 0) == before
    assert store.lobby("live", 0, clock=30) == ()
    assert store.games_of("ada") == ()
    odds.clear()
    assert len(store.lobby("live", 0)) == 2
    assert sorted(store.games_of("ada")) == [("K7QF2M", Mark.X), ("SECOND", Mark.X)]


PUSH = '{"type":"pong","now":1}'


@pytest.mark.parametrize(
    ("fault", "error", "sent"),
    [
        ("gone", Gone, 0),
        ("refused", Undelivered, 0),
        ("timed out", Undelivered, 1),
        ("lost", None, 0),
        ("repeated", None, 2),
        ("none", None, 1),
    ],
)
def test_a_push_fails_in_every_way(fault: str, error: type[Exception] | None, sent: int) -> None:
    """A push is refused, lost, repeated, or refused although it was sent."""
    memory = MemoryConnections()
    failing = ChaosConnections(memory, Dice(1, "push"), always(fault))
    if error is None:
        failing.post("ada", PUSH)
    else:
        with pytest.raises(error):
            failing.post("ada", PUSH)
    assert len(memory.take("ada")) == sent


@asynccontextmanager
async def failing(faults: Faults, store: MemoryStore | None = None) -> AsyncIterator[Gateway]:
    clock = ManualClock()
    async with chaos.serve(
        store or MemoryStore(), 1, faults=faults, clock=clock, limits=Limits(rate=0)
    ) as gateway:
        yield gateway


async def test_a_cut_takes_the_request_with_it() -> None:
    """A connection that drops before the request is served has changed nothing."""
    store = MemoryStore()
    faults = replace(CALM, arrival=always("cut before"))
    async with failing(faults, store) as gateway, peer(gateway.url) as ada:
        await ada.send(type="start")
        assert await ada.closed() == (1006, "")
    assert store.games == {}


async def test_a_cut_takes_the_reply_with_it() -> None:
    """A connection that drops after the request was served leaves it done and unanswered."""
    store = MemoryStore()
    faults = replace(CALM, arrival=always("cut after"))
    async with failing(faults, store) as gateway, peer(gateway.url) as ada:
        await ada.send(type="start")
        assert await ada.closed() == (1006, "")
    (started,) = store.games.values()
    assert started.x.away == "lost"


async def test_a_connection_goes_away() -> None:
    """A connection can end as idle ones do, with a request on its way."""
    faults = replace(CALM, arrival=always("going away"))
    async with failing(faults) as gateway, peer(gateway.url) as ada:
        await ada.send(type="ping")
        assert await ada.closed() == (1001, "Going away")


@pytest.mark.parametrize(
    ("fault", "said", "games"),
    [("throttled", "Too Many Requests", 0), ("failed", "Internal server error", 1)],
)
async def test_the_platform_answers_itself(fault: str, said: str, games: int) -> None:
    """A frame of the platform says nothing about what became of the request."""
    store = MemoryStore()
    faults = replace(CALM, arrival=always(fault))
    async with failing(faults, store) as gateway, peer(gateway.url) as ada:
        await ada.send(type="start", ref="r")
        assert (await ada.next())["message"] == said
    assert len(store.games) == games


async def test_a_frame_is_served_twice() -> None:
    """A request that arrives twice is answered twice."""
    faults = replace(CALM, arrival=always("repeated"))
    async with failing(faults) as gateway, peer(gateway.url) as ada:
        await ada.send(type="ping", ref="r")
        assert await ada.next() == await ada.next()


async def test_frames_overtake_each_other() -> None:
    """Frames of one client are served in another order than they were sent."""
    faults = replace(CALM, arrival=always("late"))
    async with failing(faults) as gateway, peer(gateway.url) as ada:
        sent = [str(number) for number in range(20)]
        for ref in sent:
            await ada.send(type="ping", ref=ref)
        answered = [(await ada.next())["ref"] for _ in sent]
    assert answered != sent
    assert sorted(answered, key=int) == sent


@pytest.mark.parametrize(("fault", "times"), [("repeated", 2), ("late", 1)])
async def test_replies_are_repeated_or_late(fault: str, times: int) -> None:
    """A reply comes twice, or when others have come already."""
    faults = replace(CALM, delivery=always(fault))
    async with failing(faults) as gateway, peer(gateway.url) as ada:
        for number in range(10):
            await ada.send(type="ping", ref=str(number))
        answered = [(await ada.next())["ref"] for _ in range(10 * times)]
    assert Counter(answered) == Counter({str(number): times for number in range(10)})
    assert fault == "repeated" or answered != sorted(answered)


async def test_a_reply_is_lost() -> None:
    """A reply that never comes leaves the connection as it was, and the later ones come."""
    faults = replace(CALM, delivery={"lost": 0.5})
    async with failing(faults) as gateway, peer(gateway.url) as ada:
        for ref in (*map(str, range(100)), *["last"] * 20):
            await ada.send(type="ping", ref=ref)
        answered = [(await ada.next())["ref"]]
        while answered[-1] != "last":
            answered.append((await ada.next())["ref"])
    assert 20 < len(answered) < 80
    assert answered[:-1] == sorted(answered[:-1], key=int)


async def test_an_end_goes_unnoticed() -> None:
    """Nobody is told of a connection that ends, until somebody pushes to it."""
    store = MemoryStore()
    faults = replace(CALM, ending=always("unnoticed"))
    async with failing(faults, store) as gateway, peer(gateway.url) as ada:
        async with peer(gateway.url) as bob:
            code = await seated(ada, bob)
        while gateway.connected > 1:
            await ada.ask(type="ping")
        seen = await ada.ask(type="ping", id=code)
        assert seen["game"]["players"]["o"]["online"] is True
        await ada.ask(type="play", id=code, tile="0,0")
        assert (await ada.pushed())["online"] is False


async def test_a_connection_ages_at_once() -> None:
    """A connection can come to the limit of its age at any sweep."""
    async with failing(replace(CALM, sweep=always("aged"))) as gateway, peer(gateway.url) as ada:
        await ada.ask(type="ping")
        gateway.sweep()
        assert await ada.closed() == (1001, "Going away")


# All of it


async def play_through(store: SqliteStore, seed: int) -> None:
    """Two play a game through a gateway that fails by this seed; both see what the store holds."""
    choices = Dice(seed, "moves")._random
    key = itertools.count(100 * seed)
    async with chaos.serve(store, seed, limits=Limits(rate=0, close_seconds=0.1)) as gateway:
        ada, bob = (Stubborn(gateway.url, choices) for _ in range(2))
        start = {"type": "start", "key": f"{next(key):022}"}
        hosting = asyncio.create_task(ada.play(start))
        await ada.seated.wait()
        join = {"type": "join", "id": ada.id, "key": f"{next(key):022}"}
        ends = await asyncio.gather(hosting, bob.play(join))
    stored = store.load(ada.id, AT)
    assert stored is not None
    shown = [(end["moves"], end["status"], end["winner"]) for end in ends]
    assert shown == 2 * [(stored.moves, stored.status, stored.winner)], f"seed {seed}"
    assert all(
        stored.moves.startswith(moves) for moves in (*ada.acknowledged, *bob.acknowledged)
    ), f"seed {seed}"


@pytest.mark.parametrize("seed", range(count(8, 200)))
async def test_a_game_is_played_through_chaos(seed: int, tmp_path: Path) -> None:
    """Whatever fails on the way, both finish the same game, and no acknowledged move is lost."""
    store = SqliteStore(tmp_path / "games")
    async with asyncio.timeout(60):
        await play_through(store, seed)
    store.close()
