"""Games that are put back to an earlier moment, under clients that live on."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path

from backend.core.game import Moment
from backend.handlers.clock import SystemClock
from backend.local.gateway import Gateway, serve
from backend.local.sqlite import SqliteStore
from tui.client.client import Client
from tui.client.seats import Seats
from tui.client.state import ClientState
from tui.client.timing import Timing

PATIENCE_SECONDS = 60
QUICK = Timing(reconnect=0.01, reconnect_most=0.05)


async def until(client: Client, holds: Callable[[ClientState], bool]) -> None:
    """Waits until this is so for a client."""
    came = asyncio.Event()

    def look(state: ClientState, _happening: object) -> None:
        if holds(state):
            came.set()

    client.subscribe(look)
    if not holds(client.state):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await came.wait()


class Host:
    """An operator's server on one file and, after its first start, on one port."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._port = 0
        self._running = AsyncExitStack()

    async def start(self) -> Gateway:
        store = self._running.enter_context(closing(SqliteStore(self.file)))
        now = SystemClock().now()
        store.unbind_all(Moment(now, now // 1000 + 3600))
        gateway = await self._running.enter_async_context(serve(store, port=self._port))
        self._port = gateway.port
        return gateway

    async def stop(self) -> None:
        await self._running.aclose()

    def backup(self, to: Path) -> None:
        """As docs/serve.md does it, while the server runs."""
        with closing(sqlite3.connect(self.file)) as database:
            database.execute("VACUUM INTO ?", (str(to),))

    def restore(self, backup: Path) -> None:
        for suffix in ("-wal", "-shm"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
        self.file.write_bytes(backup.read_bytes())


async def test_players_go_on_from_the_backup(tmp_path: Path) -> None:
    """After a restore both players, and who watches, see the earlier board and play on from it."""
    host = Host(tmp_path / "games.sqlite3")
    gateway = await host.start()
    try:
        async with (
            Client(gateway.url, Seats(None), timing=QUICK) as ada,
            Client(gateway.url, Seats(None), timing=QUICK) as bob,
            Client(gateway.url, Seats(None), timing=QUICK) as eve,
        ):
            code = (await ada.start()).id
            await bob.join(code)
            await eve.watch(code)

            def moves(state: ClientState) -> str:
                return state.tables[code].game.moves

            await ada.play(code, 0)
            host.backup(tmp_path / "backup")
            for player, cell in zip([bob, ada] * 3, [4, 8, 2, 1, 3, 5], strict=True):
                await until(player, lambda state: state.tables[code].my_turn)
                await player.play(code, cell)
            for client in (ada, bob, eve):
                await until(client, lambda state: moves(state) == "0482135")
            await host.stop()
            host.restore(tmp_path / "backup")
            await host.start()
            for client in (ada, bob, eve):
                await until(client, lambda state: moves(state) == "0")
            await until(bob, lambda state: state.tables[code].my_turn)
            await bob.play(code, 2)
            for client in (ada, bob, eve):
                await until(client, lambda state: moves(state) == "02")
    finally:
        await host.stop()
