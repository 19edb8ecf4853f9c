"""When the client repeats, reconnects and asks: jittered, growing, bounded."""

from itertools import islice

import pytest

from tui.client.timing import Backoff, Timing, Vigil


def test_pauses_grow_to_a_limit() -> None:
    """Pauses grow to a limit, start again after a success, and are the library's too."""
    backoff = Backoff(1, 4, lambda: 0.5)
    assert [backoff.next() for _ in range(5)] == pytest.approx([1, 1.8, 3.24, 4, 4])
    backoff.reset()
    assert list(islice(backoff.endless(), 2)) == pytest.approx([1, 1.8])


def test_pauses_differ() -> None:
    """Many clients that lost one server do not come back at one moment."""
    assert Backoff(1, 4, lambda: 0).next() == 0.5
    assert Backoff(1, 4, lambda: 1).next() == 1.5


def test_a_silent_table_is_asked_about_less_and_less_often() -> None:
    """A table is asked about after 30 s of silence, then at growing intervals of at most 4 min."""
    vigil = Vigil(Timing())
    vigil.heard("A", 0)
    asked = []
    now = 0.0
    while now < 1000:
        now += vigil.next_in(now)
        assert vigil.due(now) == ("A",)
        vigil.asked("A", now)
        asked.append(now)
    assert asked == [30, 90, 210, 450, 690, 930, 1170]
    vigil.heard("A", 1200)
    assert vigil.next_in(1200) == 30


def test_only_living_tables_are_watched_over() -> None:
    """A table that was left is not asked about; a new one is, after its silence."""
    vigil = Vigil(Timing())
    assert vigil.next_in(0) == 240
    vigil.keep_only({"A", "B"}, 10)
    vigil.keep_only({"B"}, 20)
    assert vigil.due(40) == ("B",)
    vigil.asked("C", 0)
    assert vigil.next_in(0) == 40
