"""Headless players: the real app with the real client, on a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from shared.messages import Snapshot
from tui.app import NoughtsApp, create_app
from tui.client.client import Client
from tui.client.seats import Seats
from tui.client.state import ClientState, Table
from tui.options import Opening, Options, ShowLobby
from tui.record import RecordFile
from tui.widgets.board import Board
from tui.widgets.status_line import StatusLine

PATIENCE_SECONDS = 60


async def until(client: Client, seen: Callable[[ClientState], bool]) -> None:
    """Waits until the client knows something."""
    happened = asyncio.Event()

    def look(state: ClientState, _happening: object = None) -> None:
        if seen(state):
            happened.set()

    forget = client.subscribe(look)
    look(client.state)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await happened.wait()
    forget()


class Person:
    """Somebody in front of the app: sees what is on the screen, presses keys and clicks."""

    def __init__(self, pilot: Pilot[None], app: NoughtsApp) -> None:
        self.pilot, self.app = pilot, app

    @property
    def client(self) -> Client:
        return self.app.session.client

    @property
    def table(self) -> Table:
        """The newest table that the client knows."""
        return list(self.client.state.tables.values())[-1]

    @property
    def game(self) -> Snapshot:
        return self.table.game

    async def until(self, seen: Callable[[ClientState], bool]) -> None:
        """Waits until the client knows something, and the screen shows it."""
        await until(self.client, seen)
        await self.pilot.pause()

    async def sees_moves(self, moves: str) -> None:
        await self.until(lambda _: bool(self.client.state.tables) and self.game.moves == moves)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def click(self, cell: int) -> None:
        await self.pilot.click(f"#cell-{cell}")

    def sentence(self) -> str:
        """The one sentence that says where things stand."""
        return str(self.app.screen.query_one(StatusLine).shown.text)

    def shows(self) -> str:
        """The history that the board on the screen shows."""
        return self.app.screen.query_one(Board).view.moves


@asynccontextmanager
async def person(
    url: str, home: Path, name: str, opening: Opening | None = None
) -> AsyncIterator[Person]:
    """The app of somebody whose seats are kept in the folder ``home``."""
    options = Options(name=name, url=url, motion="reduced", opening=opening or ShowLobby())
    client = Client(url, Seats(home), name=name)
    app = create_app(options, client=client, record=RecordFile(home), remember=lambda _: None)
    async with app.run_test(size=(80, 24)) as pilot:
        yield Person(pilot, app)
