"""How much one client may ask."""

from collections.abc import Callable

import pytest

from backend.core.game import Seat
from backend.local.limits import CappedStore, Doorkeeper, TokenBucket
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


def test_addresses_are_counted_apart() -> None:
    """One address that has its connections leaves room for the others."""
    doorkeeper = Doorkeeper()
    assert [doorkeeper.enter("192.0.2.1") for _ in range(3)] == [1, 2, 3]
    assert doorkeeper.enter("192.0.2.2") == 1
    doorkeeper.leave("192.0.2.1")
    assert doorkeeper.enter("192.0.2.1") == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::2%eth0"),
        ("", ""),
    ],
)
def test_a_subscriber_is_one_address(one: str, other: str) -> None:
    """Whoever has a whole IPv6 network, or two ways to write an address, is counted once."""
    doorkeeper = Doorkeeper()
    assert (doorkeeper.enter(one), doorkeeper.enter(other)) == (1, 2)


def test_nothing_is_kept_of_who_left() -> None:
    """Addresses are not remembered."""
    doorkeeper = Doorkeeper()
    for number in range(100):
        doorkeeper.enter(f"192.0.2.{number}")
        doorkeeper.leave(f"192.0.2.{number}")
    assert not doorkeeper._inside


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
