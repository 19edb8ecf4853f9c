"""What the games through real sockets share."""

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from backend.local.gateway import Gateway, serve
from backend.local.limits import Limits
from backend.local.sqlite import SqliteStore


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    """An embedded gateway with a new file of games, which refuses nobody for being fast."""
    with closing(SqliteStore(tmp_path / "games.sqlite")) as store:
        async with serve(store, limits=Limits(rate=0)) as running:
            yield running
