"""How much one client may ask."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from backend.core.game import Seat
from backend.local.limits import CappedStore, Doorkeeper, Full, Limits, TokenBucket
from shared import messages as wire
from shared.errors import ErrorCode
from tests.backend.harness import Harness
from tests.backend.memory import MemoryStore

NOW = 1_700_000_000_000


def taken(bucket: TokenBucket, now: int, times: int) -> int:
    return sum(bucket.take(now) for _ in range(times))


def test_a_burst_of_twice_the_rate_is_let_through() -> None:
    """At first, and after a pause, twice a second's requests come through at once."""
    bucket = TokenBucket(5, NOW)
    assert taken(bucket, NOW, 20) == 10
    assert taken(bucket, NOW + 3_600_000, 20) == 10


def test_then_the_rate_is_kept() -> None:
    """A steady client gets its rate, however it is spread."""
    bucket = TokenBucket(5, NOW)
    taken(bucket, NOW, 10)
    assert sum(taken(bucket, NOW + ms, 3) for ms in range(0, 10_001, 50)) == 50


def test_a_clock_that_goes_back_gives_nothing() -> None:
    """A clock that is set back neither gives nor takes."""
    bucket = TokenBucket(5, NOW)
    taken(bucket, NOW, 10)
    assert not bucket.take(NOW - 60_000)
    assert taken(bucket, NOW - 59_000, 20) == 5


def test_a_slow_rate_lets_through_what_it_says() -> None:
    """A rate below one in two seconds is still one now and then."""
    bucket = TokenBucket(0.1, 0)
    assert [bucket.take(1000 * second) for second in (0, 5, 10, 11, 20)] == [
        *(True, False, True, False, True)
    ]


def test_a_rate_of_0_is_none() -> None:
    """An operator can lift the limit."""
    assert taken(TokenBucket(0, NOW), NOW, 10_000) == 10_000


@dataclass(eq=False)
class Caller:
    """Somebody at the door."""

    address: str = "192.0.2.1"
    is_cut: bool = False

    def cut(self) -> None:
        self.is_cut = True


def admitted(doorkeeper: Doorkeeper, *addresses: str) -> list[Full | None]:
    verdicts = []
    for address in addresses:
        caller = Caller()
        doorkeeper.arrive(caller)
        verdicts.append(doorkeeper.admit(caller, address))
    return verdicts


def test_addresses_are_counted_apart() -> None:
    """One address that has its connections leaves room for the others, and for itself again."""
    doorkeeper = Doorkeeper(Limits(connections_per_address=2))
    ada = Caller()
    assert doorkeeper.admit(ada, "192.0.2.1") is None
    verdicts = admitted(doorkeeper, "192.0.2.1", "192.0.2.1", "192.0.2.2")
    assert verdicts == [None, Full.ADDRESS, None]
    doorkeeper.leave(ada)
    assert admitted(doorkeeper, "192.0.2.1", "192.0.2.1") == [None, Full.ADDRESS]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::2%eth0"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_a_subscriber_is_one_address(one: str, other: str) -> None:
    """Whoever has a whole IPv6 network, or two ways to write an address, is counted once."""
    doorkeeper = Doorkeeper(Limits(connections_per_address=1))
    assert admitted(doorkeeper, one, other, "198.51.100.7") == [None, Full.ADDRESS, None]


@pytest.mark.parametrize(
    ("address", "spared"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("::ffff:127.0.0.2", True),
        ("", True),
        ("128.0.0.1", False),
        ("10.0.0.1", False),
        ("::2", False),
        ("unknown", False),
    ],
)
def test_programs_of_this_machine_are_spared(address: str, spared: bool) -> None:
    """All of loopback, and who comes by the Unix socket, is this machine; nobody else is."""
    limits = Limits(connections_per_address=1, spares_own=True)
    verdicts = admitted(Doorkeeper(limits), address, address)
    assert verdicts == [None, None if spared else Full.ADDRESS]


def test_all_together_have_their_limit() -> None:
    """Even who comes from this machine finds a full server full, until somebody leaves."""
    doorkeeper = Doorkeeper(Limits(connections=2, spares_own=True))
    ada = Caller()
    assert doorkeeper.admit(ada, "192.0.2.1") is None
    assert admitted(doorkeeper, "192.0.2.2", "127.0.0.1") == [None, Full.ALL]
    doorkeeper.leave(ada)
    assert admitted(doorkeeper, "192.0.2.3") == [None]


def test_who_waits_longest_makes_room_for_who_asks_now() -> None:
    """A flood of silent connections costs its own oldest ones, never the question just asked."""
    doorkeeper = Doorkeeper(Limits(arrivals=3))
    other = Caller("198.51.100.1")
    doorkeeper.arrive(other)
    flood = [Caller() for _ in range(5)]
    for caller in flood:
        doorkeeper.arrive(caller)
    question = Caller("198.51.100.2")
    doorkeeper.arrive(question)
    assert [caller.is_cut for caller in (other, *flood, question)] == [
        *(False, True, True, True, True, False, False)
    ]


def test_who_plays_does_not_wait_at_the_door() -> None:
    """Whoever was let in keeps nobody from asking."""
    doorkeeper = Doorkeeper(Limits(arrivals=1))
    players = [Caller() for _ in range(5)]
    for player in players:
        doorkeeper.arrive(player)
        doorkeeper.admit(player, player.address)
    assert not any(player.is_cut for player in players)


def test_nothing_is_kept_of_who_left() -> None:
    """Addresses are not remembered, whether or not their connections were let in."""
    doorkeeper = Doorkeeper(Limits(connections_per_address=1))
    for number in range(100):
        caller = Caller(f"192.0.2.{number}")
        doorkeeper.arrive(caller)
        if number % 2:
            doorkeeper.admit(caller, f"198.51.100.{number % 7}")
        doorkeeper.leave(caller)
    assert (doorkeeper._waiting, doorkeeper._arrivals, doorkeeper._inside) == (0, {}, {})
    assert not doorkeeper._counts


def capped() -> tuple[Harness, MemoryStore]:
    memory = MemoryStore()
    return Harness(store=CappedStore(memory, limit=3)), memory


def _start(table: Harness, _number: int) -> wire.AnyEvent:
    return table.send("ada", wire.Start())


def _join(table: Harness, number: int) -> wire.AnyEvent:
    started = table.send(f"host{number}", wire.Start())
    assert isinstance(started, wire.Started)
    return table.send("ada", wire.Join(id=started.id))


def _match(table: Harness, number: int) -> wire.AnyEvent:
    table.send(f"host{number}", wire.Start(listed=True))
    return table.send("ada", wire.QuickMatch())


@pytest.mark.parametrize("enter", [_start, _join, _match])
def test_one_connection_sits_at_so_many_games(
    enter: Callable[[Harness, int], wire.AnyEvent],
) -> None:
    """A connection that sits at its games gets no more of them, and nothing changes."""
    table, memory = capped()
    for number in range(3):
        assert not isinstance(enter(table, number), wire.Error)
    refused = enter(table, 3)
    assert isinstance(refused, wire.Error)
    assert refused.code is ErrorCode.TOO_MANY
    assert len(memory.games_of("ada")) == 3


def test_a_game_that_is_over_does_not_count() -> None:
    """Whoever finishes or leaves a game can begin another."""
    table, _ = capped()
    for number in range(3):
        joined = _join(table, number)
        assert isinstance(joined, wire.Joined)
        table.send("ada", wire.Resign(id=joined.id))
    assert isinstance(_start(table, 3), wire.Started)


def test_the_games_one_has_played_cost_nothing() -> None:
    """However many games a connection has played, a start looks at few of them, each once."""
    table, memory = capped()
    for number in range(40):
        joined = _join(table, number)
        assert isinstance(joined, wire.Joined)
        table.send("ada", wire.Resign(id=joined.id))
    memory.calls.clear()
    for number in range(40, 80):
        joined = _join(table, number)
        assert isinstance(joined, wire.Joined)
        table.send("ada", wire.Resign(id=joined.id))
    assert "games_of" not in memory.calls
    # The service itself reads a game to join it, and the cap each game that is over.
    assert memory.calls.count("load") <= 40 * 5


@pytest.mark.parametrize("goes", ["leave", "hang up", "resign", "resume elsewhere"])
def test_nothing_is_kept_of_who_has_gone(goes: str) -> None:
    """When nobody sits at its games any more, the cap remembers nobody."""
    memory = MemoryStore()
    store = CappedStore(memory, limit=3)
    table = Harness(store=store)
    started = table.start("ada", mark="x")
    table.join("bob", started.id)
    assert started.token
    if goes == "leave":
        table.send("ada", wire.Leave(id=started.id))
    elif goes == "resume elsewhere":
        table.send("eve", wire.Resume(id=started.id, token=started.token))
        table.hang_up("eve")
    elif goes == "resign":
        table.send("ada", wire.Resign(id=started.id))
    table.hang_up("ada")
    table.hang_up("bob")
    assert store._sat_down == {}


def test_a_repeated_request_is_answered_at_the_cap() -> None:
    """A start whose reply was lost is answered again, not refused."""
    table, _ = capped()
    started = [table.send("ada", wire.Start(key=f"{number:022}")) for number in range(3)]
    assert table.send("ada", wire.Start(key=f"{2:022}")) == started[-1]


def test_a_rematch_is_no_further_game() -> None:
    """Who sits at all its games can still play one of them again."""
    table, memory = capped()
    joined = _join(table, 0)
    assert isinstance(joined, wire.Joined)
    _start(table, 1)
    _start(table, 2)
    table.send("ada", wire.Resign(id=joined.id))
    _start(table, 3)
    table.send("ada", wire.Rematch(id=joined.id))
    again = table.send("host0", wire.Rematch(id=joined.id))
    assert isinstance(again, wire.RematchOffered)
    assert again.next
    assert len(memory.games_of("ada")) == 4


def test_nothing_is_kept_of_who_is_gone() -> None:
    """However much a connection has played, its end leaves nothing in memory."""
    table, memory = capped()
    for number in range(8):
        table.clock.advance(ms=1)
        joined = _join(table, number)
        assert isinstance(joined, wire.Joined)
        table.send("ada", wire.Resign(id=joined.id))
    for who in (*(f"host{number}" for number in range(8)), "ada"):
        table.hang_up(who)
    assert isinstance(table.store, CappedStore)
    assert table.store._sat_down == {}
    assert len(memory.games) == 8


def test_who_moves_on_needs_no_further_place() -> None:
    """Whoever gives a waiting game up for an older one can do so at the cap."""
    table, _ = capped()
    older = table.send("host", wire.Start(listed=True))
    assert isinstance(older, wire.Started)
    table.clock.advance(ms=1)
    _start(table, 0)
    _start(table, 1)
    own = table.send("ada", wire.Start(listed=True, key="k" * 22))
    assert isinstance(own, wire.Started)
    joined = table.send("ada", wire.QuickMatch(key="k" * 22, id=own.id))
    assert isinstance(joined, wire.Joined)
    assert joined.id == older.id


def test_a_seat_without_a_connection_is_not_counted() -> None:
    """The pointer that a quick match leaves behind is nobody's seat."""
    table, memory = capped()
    for number in range(2):
        _start(table, number)
    table.send("host", wire.Start(listed=True))
    assert isinstance(table.send("ada", wire.QuickMatch(key="k" * 22)), wire.Joined)
    pointers = [match for match in memory.games.values() if match.status == "cancelled"]
    assert [match.x.connection or match.o.connection for match in pointers] == [None]
    assert Seat() in {pointers[0].x, pointers[0].o}
