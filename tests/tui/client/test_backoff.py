"""How the pauses between attempts grow."""

from itertools import islice

import pytest

from tui.client.backoff import Backoff


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
