"""How the gateway's cost of a move grows: ``python -m benchmarks growth``.

Ten tables play at gateways that differ in one number: the games in the file, the idle connections,
the watchers of each game, or the games that its players have finished on the same connection. Each
row stands beside the smallest number; the gateways take turns.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from backend.core.game import Game, Moment, Seat, code_from
from backend.local.sqlite import SqliteStore
from benchmarks.comparison import Row
from benchmarks.load import (
    Crowd,
    GameTable,
    WatchedTable,
    allow_many_connections,
    connected,
    running,
)

TABLES = 10
ROUNDS = 3
SECONDS = 1.5
LIFE_SECONDS = 6 * 3600


@dataclass(frozen=True)
class World:
    """What one gateway has more of than the others."""

    games: int = 0
    idle: int = 0
    watchers: int = 0
    finished: int = 0


KINDS: dict[str, list[tuple[int, World]]] = {
    "games in the file": [(n, World(games=n)) for n in (1, 10, 100, 1_000, 10_000)],
    "idle connections": [(n, World(idle=n)) for n in (1, 10, 100, 1_000, 4_000)],
    "watchers of each game": [(n, World(watchers=n)) for n in (1, 10, 20)],
    "games its players have finished": [(n, World(finished=n)) for n in (1, 10, 100)],
}


def rows() -> Iterator[Row]:
    allow_many_connections()
    for kind, worlds in KINDS.items():
        found = asyncio.run(_measured([world for _, world in worlds]))
        (smallest, _), *larger = worlds
        for (number, _), cpu in zip(larger, found[1:], strict=True):
            yield Row(
                what=f"CPU of a move, {number:,} {kind} beside {smallest}",
                unit="ms",
                ours=cpu,
                beside=found[0],
            )


async def _measured(worlds: list[World]) -> list[list[float]]:
    with ExitStack() as stack:
        crowds = [await _populated(stack, world) for world in worlds]
        found: list[list[float]] = [[] for _ in worlds]
        for _ in range(ROUNDS):
            for cpu, crowd in zip(found, crowds, strict=True):
                cpu.append((await crowd.round(SECONDS)).cpu_ms_per_move)
    return found


async def _populated(stack: ExitStack, world: World) -> Crowd:
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    _fill(Path(folder) / "games.sqlite3", world.games)
    options = ("--port", "0", "--data", folder, "--rate", "0", "--total-connections", "0")
    server = stack.enter_context(running("backend.local", *options))
    await connected(server, world.idle)
    crowd = Crowd(server, WatchedTable if world.watchers else GameTable, TABLES)
    await crowd.connect()
    await crowd.watch(world.watchers)
    if world.finished:
        await crowd.play(world.finished)
    return crowd


def _fill(file: Path, games: int) -> None:
    """Games that live and that nobody plays."""
    now = time.time_ns() // 1_000_000
    at = Moment(now, now // 1000 + LIFE_SECONDS)
    with closing(SqliteStore(file)) as store, store.group():
        for number in range(games):
            x, o = (Seat(token=mark * 64, name=mark) for mark in "ab")
            code = code_from("growth", str(number))
            store.create(Game(id=code, expires=at.expires, status="playing", x=x, o=o), at)
