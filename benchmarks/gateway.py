"""The embedded gateway beside a bare relay on the same library: ``python -m benchmarks gateway``.

At 1, 50 and 500 games the two take turns of two seconds, five times. Then the memory of a thousand
idle connections.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.comparison import Row
from benchmarks.load import (
    Crowd,
    GameTable,
    Load,
    RelayTable,
    Server,
    allow_many_connections,
    connected,
    running,
)

SIZES = (1, 50, 500)
ROUNDS = 5
SECONDS = 2.0
IDLE = 1000


@contextmanager
def embedded(*arguments: str) -> Iterator[Server]:
    """The embedded gateway on a new file, which refuses nobody for being fast."""
    with tempfile.TemporaryDirectory() as folder:
        options = ("--port", "0", "--data", folder, "--rate", "0", *arguments)
        with running("backend.local", *options) as server:
            yield server


def rows() -> list[Row]:
    allow_many_connections()
    found = []
    for games in SIZES:
        with embedded() as gateway, running("benchmarks.relay") as relay:
            ours, beside = asyncio.run(alternated(gateway, relay, games))
        found += _rows(games, ours, beside)
    with embedded() as gateway, running("benchmarks.relay") as relay:
        memory = [asyncio.run(idle_kib(server)) for server in (gateway, relay)]
    found.append(
        Row(what="memory of an idle connection", unit="KiB", ours=memory[:1], beside=memory[1:])
    )
    return found


def _rows(games: int, ours: list[Load], beside: list[Load]) -> Iterator[Row]:
    name = f"{games} game{'s' if games > 1 else ''}"
    yield Row(
        what=f"{name}: moves",
        unit="a second",
        ours=[load.moves_per_second for load in ours],
        beside=[load.moves_per_second for load in beside],
        least=0.4 if games > 1 else None,
    )
    yield Row(
        what=f"{name}: the server's CPU of a move",
        unit="ms",
        ours=[load.cpu_ms_per_move for load in ours],
        beside=[load.cpu_ms_per_move for load in beside],
        most=3.5 if games > 1 else None,
    )
    yield Row(
        what=f"{name}: until both saw the move, p50",
        unit="ms",
        ours=[load.p50_ms for load in ours],
        beside=[load.p50_ms for load in beside],
        most=3 if games == 1 else None,
    )


async def alternated(
    gateway: Server, relay: Server, games: int, rounds: int = ROUNDS
) -> tuple[list[Load], list[Load]]:
    """Rounds of the gateway and of the relay, in turn."""
    crowds = (Crowd(gateway, GameTable, games), Crowd(relay, RelayTable, games))
    for crowd in crowds:
        await crowd.connect()
    loads = [[await crowd.round(SECONDS) for crowd in crowds] for _ in range(rounds)]
    for crowd in crowds:
        await crowd.close()
    return [ours for ours, _ in loads], [beside for _, beside in loads]


async def idle_kib(server: Server, connections: int = IDLE) -> float:
    """What the server's memory grows by for a connection that says nothing."""
    await connected(server, 10)
    before = server.resident_bytes
    lines = await connected(server, connections)
    grown = server.resident_bytes - before
    for line in lines:
        line.transport.abort()
    return grown / connections / 1024
