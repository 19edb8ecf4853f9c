"""A stage for screens: the app with a client that is told what it knows and never connects."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

from shared.board import Mark, MarkChoice
from shared.messages import EmoteName, Listing, Names, Snapshot
from tests.tui.snapshots import CODE, NOW, game
from tui.app import NoughtsApp, create_app
from tui.client.client import Client, Unreachable
from tui.client.seats import SavedSeat
from tui.client.state import ClientState, ConnectionStatus, LatencyMeasured, Table
from tui.options import Level, Options
from tui.record import RecordFile
from tui.screens.intents import OpenTable
from tui.screens.lobby import LobbyScreen
from tui.words.waiting import Sought


def online(*tables: Table, **others: Any) -> ClientState:
    """What a connected client knows."""
    return ClientState(
        connection=ConnectionStatus.ONLINE,
        latency_ms=42,
        tables={table.id: table for table in tables},
        **others,
    )


OPEN_GAMES = (
    Listing(
        id="7Q2M4K",
        names=Names(x="Grace", o=None),
        mark=Mark.O,
        clock=0,
        since=NOW - 20_000,
    ),
    Listing(
        id="B4NNX1",
        names=Names(x=None, o="Barbara Liskov"),
        mark=Mark.X,
        clock=30,
        since=NOW - 200_000,
    ),
)
LIVE_GAMES = (
    Listing(
        id="W00T5Z",
        names=Names(x="Edsger", o="Donald"),
        mark=None,
        clock=10,
        since=NOW - 3_600_000,
    ),
)


class StillClient(Client):
    """Knows what it is told, and writes down what it is asked."""

    def __init__(self, state: ClientState | None = None, name: str = "Ada") -> None:
        self.name = name
        self._known = state or online()
        self.asked: list[tuple[object, ...]] = []
        self.looks = 0
        self.refusal: Exception | None = None
        self.answers = asyncio.Event()
        """Until it is set, nobody is led to a table."""
        self.answers.set()
        self.seats: tuple[tuple[SavedSeat, Snapshot], ...] = ()
        self.connects = 0
        self._heard: list[Callable[[ClientState, Any], None]] = []

    @property
    def state(self) -> ClientState:
        return self._known

    async def __aenter__(self) -> Self:
        self.connects += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def subscribe(self, subscriber: Callable[[ClientState, Any], None]) -> Callable[[], None]:
        self._heard.append(subscriber)
        return lambda: self._heard.remove(subscriber)

    def learn(self, state: ClientState) -> None:
        """Something happened."""
        self._known = state
        for heard in tuple(self._heard):
            heard(state, LatencyMeasured(42))

    def forget_all(self, state: ClientState) -> None:
        """Knows only this, and has been asked for nothing."""
        self._known = state
        self.asked.clear()
        self.looks = 0
        self.answers.set()

    def show(self, table: Table) -> None:
        """A table changed."""
        self.learn(replace(self.state, tables={**self.state.tables, table.id: table}))

    def reconnect(self) -> None:
        self.asked.append(("reconnect",))

    def told(self) -> None:
        self.learn(replace(self.state, missed=()))

    @property
    def farewell_seconds(self) -> float:
        return 5

    async def settle(self) -> None:
        """Nothing is on its way here."""

    async def part(self, *game_ids: str) -> None:
        self._note("part", *game_ids)

    async def start(self, mark: MarkChoice = "x", *, listed: bool = False, clock: int = 0) -> Table:
        return await self._seated("start", mark, listed, clock)

    async def join(self, code: str) -> Table:
        return await self._seated("join", code)

    async def match(self, clock: int = 0) -> Table:
        return await self._seated("match", clock)

    async def resumable(self) -> tuple[tuple[SavedSeat, Snapshot], ...]:
        return self.seats

    def unheld(self, seat: SavedSeat) -> bool:
        return seat in {each for each, _ in self.seats}

    async def resume(self, seat: SavedSeat) -> Table:
        return await self._seated("resume", seat.id)

    async def take_back(self, game_id: str) -> Table:
        return await self._seated("take_back", game_id)

    async def watch(self, code: str) -> Table:
        return await self._seated("watch", code)

    async def leave(self, game_id: str) -> None:
        self._note("leave", game_id)

    async def play(self, game_id: str, cell: int) -> None:
        self._note("play", game_id, cell)

    async def resign(self, game_id: str) -> None:
        self._note("resign", game_id)

    async def claim(self, game_id: str) -> None:
        self._note("claim", game_id)

    async def rematch(self, game_id: str) -> None:
        self._note("rematch", game_id)

    async def emote(self, game_id: str, emote: EmoteName) -> None:
        self._note("emote", game_id, emote)

    async def refresh_lobby(self) -> None:
        self.looks += 1

    def _note(self, *request: object) -> None:
        self.asked.append(request)
        if self.refusal is not None:
            raise self.refusal

    async def _seated(self, *request: object) -> Table:
        """Sits at the only table that the test has laid, or at a new one."""
        self._note(*request)
        await self.answers.wait()
        if not self.state.tables:
            self._known = replace(self.state, tables={CODE: Table(game(), Mark.X)})
        return next(iter(self.state.tables.values()))


async def nobody_to_practise_with(_level: Level) -> tuple[Client, str]:
    raise Unreachable("Nobody is there.")


def stage(
    client: StillClient,
    options: Options | None = None,
    where: str = "embedded",
    record: RecordFile | None = None,
) -> NoughtsApp:
    """The app with this client and clocks that stand still."""
    options = options or Options(name=client.name, motion="reduced")
    app = create_app(
        options,
        client=client,
        practice=nobody_to_practise_with,
        record=record or RecordFile(None),
        remember=lambda _changes: None,
    )
    app.session = replace(
        app.session,
        where=where,
        program=("noughts-tui",),
        now_ms=lambda: NOW,
        monotonic=lambda: 0.0,
    )
    return app


def open_table(app: NoughtsApp, game_id: str = CODE, sought: Sought = "") -> None:
    """Shows a table as if the lobby had opened it."""
    assert isinstance(app.screen, LobbyScreen)
    app.screen.post_message(OpenTable(app.session, game_id, app.screen, sought))
