"""The gateway's clock."""

import time

import pytest

from backend.local.clock import SteadyClock

HOUR_NS = 3_600 * 10**9


def test_a_clock_that_is_set_back_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set back an hour, the machine's clock stops nothing; set forward, it is followed."""
    wall, steady = [1_700_000_000 * 10**9], [5 * 10**9]
    monkeypatch.setattr(time, "time_ns", lambda: wall[0])
    monkeypatch.setattr(time, "monotonic_ns", lambda: steady[0])
    clock = SteadyClock()
    start = clock.now()
    assert start == 1_700_000_000_000
    steady[0] += 10**9
    wall[0] += 10**9 - HOUR_NS
    assert clock.now() == start + 1_000
    steady[0] += 10**9
    wall[0] += 10**9
    assert clock.now() == start + 2_000
    wall[0] += 3 * HOUR_NS
    assert clock.now() == start + 2_000 + 2 * 3_600_000
