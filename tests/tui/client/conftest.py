"""A scripted server and clients of it, closed after each test."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.tui.client.bench import Hourglass, Opened
from tests.tui.scripted import Server, scripted_server
from tests.tui.snapshots import NOW
from tui.client.client import Client
from tui.client.seats import Seats
from tui.client.timing import Timing


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with scripted_server() as server:
        yield server


@pytest.fixture
def glass() -> Hourglass:
    return Hourglass()


@pytest.fixture
async def opened(server: Server, glass: Hourglass) -> AsyncIterator[Opened]:
    """Opens clients and closes them after the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_client(
            seats: Seats | None = None,
            url: Any = None,
            now_ms: Callable[[], int] = lambda: NOW,
            **timing: Any,
        ) -> Client:
            client = Client(
                url or server.url,
                seats or Seats(None),
                name="Ada",
                timing=Timing(reconnect=0.001, reconnect_most=0.01, **timing),
                now_ms=now_ms,
                monotonic=lambda: glass.now,
                random=lambda: 0.5,
                sleep=glass.sleep,
            )
            return await stack.enter_async_context(client)

        yield open_client  # type: ignore[misc]  # a coroutine function is no Client
