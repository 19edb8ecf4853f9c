"""Every screen in the situations that matter: what the pictures show and the tests look at."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from textual.pilot import Pilot

from shared.board import Mark
from shared.messages import Series
from tests.tui.snapshots import ADA, BOB, CODE, NOW, game, left, lost
from tests.tui.stage import LIVE_GAMES, OPEN_GAMES, StillClient, online, open_table, stage
from tui.app import NoughtsApp
from tui.client.seats import SavedSeat
from tui.client.state import ClientState, ConnectionStatus, Said, Table
from tui.options import Options
from tui.record import Finished, Record, RecordFile
from tui.screens.base import PlainScreen
from tui.screens.lobby import LobbyScreen
from tui.themes import COLOUR_BLIND, HIGH_CONTRAST, LIGHT
from tui.words.waiting import Sought

SIZES = ((80, 24), (120, 40), (44, 18))


@dataclass(frozen=True)
class Scene:
    """What the client knows, how the app was started, and the keys that lead there."""

    state: ClientState
    keys: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    where: str = "embedded"
    environment: dict[str, str] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    """Instead of whatever size is asked for."""
    seats: tuple[tuple[SavedSeat, Any], ...] = ()
    sought: Sought = ""
    record: tuple[Finished, ...] = ()
    silent: bool = False
    """Whether the server answers no request to sit down."""


def table(moves: str = "", seat: Mark | None = Mark.X, **others: Any) -> Table:
    """A table of Ada's; what is not a field of `TableState` is one of the game."""
    fields = {"pending", "said", "replaced", "gone", "error", "onward", "bound_at", "asked"}
    own = fields & others.keys()
    mine = {name: others.pop(name) for name in own}
    return Table(game=game(moves, **others), seat=seat, **mine)


def offline(shown: Table) -> ClientState:
    return ClientState(
        connection=ConnectionStatus.RECONNECTING,
        failure="The server does not answer.",
        tables={shown.id: shown},
    )


def playing(moves: str = "", seat: Mark | None = Mark.X, **others: Any) -> Scene:
    return Scene(online(table(moves, seat, **others)))


_SEAT = SavedSeat(url="embedded", id=CODE, token="x." + "A" * 22, saved_at=NOW)
_LOBBY = online(open_games=OPEN_GAMES, live_games=LIVE_GAMES)
_MINE = online(table("40", series=Series(x=2, o=1, drawn=1), watchers=2))
_WON = online(table("01428", clock=30, series=Series(x=3, o=1)))
_RECORD = (
    Finished("lost", "Grace", "R-0FP3"),
    Finished("drawn", "Barbara Liskov", "R-007M"),
    Finished("won", "Bob", "R-02F1"),
)
_NASTY = (
    "x[/]",
    "[@click=app.quit]hi[/]",
)

SCENES: dict[str, Scene] = {
    "lobby_empty": Scene(online()),
    "lobby_full": Scene(_LOBBY, where="wss://play.example.org"),
    "lobby_marked": Scene(_LOBBY, ("tab", "down"), where="wss://play.example.org", record=_RECORD),
    "lobby_record": Scene(_LOBBY, seats=((_SEAT, game("4062")),), record=_RECORD),
    "lobby_resume": Scene(_LOBBY, seats=((_SEAT, game("4062")),)),
    "lobby_busy": Scene(_LOBBY, ("q",), seats=((_SEAT, game("4062")),), silent=True),
    "lobby_offline": Scene(
        ClientState(connection=ConnectionStatus.RECONNECTING, failure="The server does not answer.")
    ),
    "lobby_new": Scene(_LOBBY, ("n",)),
    "lobby_join": Scene(_LOBBY, ("j", *"q2", "enter")),
    "lobby_name": Scene(_LOBBY, ("e",)),
    "lobby_computer": Scene(_LOBBY, ("p",)),
    "lobby_help": Scene(_LOBBY, ("question_mark",)),
    "waiting_anybody": Scene(online(table(o=None)), sought="anybody"),
    "waiting_match": Scene(online(table(o=None, clock=30)), sought="match"),
    "waiting": Scene(
        online(table(o=None)),
        sought="friend",
        options={"url": "wss://play.example.org/game"},
        where="wss://play.example.org",
    ),
    "my_turn": Scene(_MINE, ("down", "right")),
    "their_turn": playing("408", deadline=NOW + 42_000, clock=60),
    "said": playing("408", said=Said(Mark.O, "nice", NOW)),
    "pending": playing("40", pending=8),
    "refused": playing("40", error="That cell is taken."),
    "reconnecting": Scene(offline(table("40"))),
    "absent": playing("408", o=lost(BOB, 7), bound_at=NOW - 60_000),
    "claim": playing("408", o=left(BOB, 31), bound_at=NOW - 60_000),
    "won": Scene(_WON),
    "lost": playing("03142", Mark.O),
    "two_lines": playing("012346578"),
    "drawn": playing("012435768"),
    "resigned": playing("40", status="resigned", winner=Mark.X, rematch=Mark.O),
    "gone": playing("012435768", o=left(BOB, 5)),
    "replaced": playing("40", replaced=True),
    "watching": playing("4082", None, clock=30, deadline=NOW + 21_000, watchers=3),
    "nasty": playing(
        "408",
        x=ADA.__class__(name=_NASTY[0], online=True, away=None, away_at=None),
        o=ADA.__class__(name=_NASTY[1], online=True, away=None, away_at=None),
    ),
    "emotes": Scene(_MINE, ("e",)),
    "leave": Scene(_MINE, ("escape",)),
    "help": Scene(_MINE, ("question_mark",)),
    "palette": Scene(_MINE, ("ctrl+p",)),
    "themes": Scene(_LOBBY, ("t",)),
    "replay_end": Scene(_WON, ("v",)),
    "replay": Scene(_WON, ("v", "left")),
    "share": Scene(_WON, ("y",)),
    "too_small": Scene(_MINE, size=(38, 12)),
    "light": Scene(_MINE, ("down", "right"), options={"theme": LIGHT}),
    "high_contrast": Scene(_MINE, ("down", "right"), options={"theme": HIGH_CONTRAST}),
    "colour_blind": Scene(_MINE, ("down", "right"), options={"theme": COLOUR_BLIND}),
    "no_colour": Scene(_WON, environment={"NO_COLOR": "1"}),
    "no_colour_turn": Scene(_MINE, ("down", "right"), environment={"NO_COLOR": "1"}),
    "ascii": Scene(_MINE, ("down", "right"), options={"ascii": True}),
    "ascii_lobby": Scene(_LOBBY, options={"ascii": True}),
}


PICTURES = [
    *("lobby_empty", "lobby_full", "waiting", "my_turn", "their_turn", "reconnecting"),
    *("won", "drawn", "replay", "too_small", "high_contrast", "no_colour"),
]
"""The scenes that are kept as pictures, here and in the documentation."""


def begun(scene: Scene) -> tuple[NoughtsApp, StillClient]:
    """The app of a scene, before it runs."""
    client = StillClient(scene.state)
    client.seats = scene.seats
    record = RecordFile(None)
    for number, finished in enumerate(scene.record):
        record.add(f"GAME{number}", finished.result, finished)
    if scene.silent:
        client.answers.clear()
    with patch.dict(os.environ, scene.environment):
        options = Options(name="Ada", motion="reduced", **scene.options)
        app = stage(client, options, scene.where, record)
    return app, client


async def reached(scene: Scene, app: NoughtsApp, pilot: Pilot[None]) -> None:
    """Leads a running app into its scene."""
    await settle(pilot)
    for shown in scene.state.tables.values():
        open_table(app, shown.id, scene.sought)
        await settle(pilot)
    for key in scene.keys:
        await pilot.press(key)
        await settle(pilot)


async def reached_again(
    scene: Scene, app: NoughtsApp, client: StillClient, pilot: Pilot[None]
) -> None:
    """Leads an app back into its scene from wherever it is; nothing of before is left."""
    # A lobby below a table shows nothing of itself, and need not be a new one.
    kept = 2 if scene.state.tables else 1
    while len(app.screen_stack) > kept:
        await app.pop_screen()
    client.forget_all(scene.state)
    if scene.silent:
        client.answers.clear()
    app.clear_notifications()
    app.copy_to_clipboard("")
    if kept == 1:
        await app.push_screen(LobbyScreen(app.session, Record()))
    await reached(scene, app, pilot)


@asynccontextmanager
async def played(
    scene: Scene, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[NoughtsApp, StillClient, Pilot[None]]]:
    """The app in a scene."""
    app, client = begun(scene)
    async with app.run_test(size=scene.size or size) as pilot:
        await reached(scene, app, pilot)
        yield app, client, pilot


async def settle(pilot: Pilot[None]) -> None:
    """Until what was posted has been handled, by the app and by the screen in front."""
    for _ in range(3):
        await pilot.pause()


def front(app: NoughtsApp) -> PlainScreen:
    """The full screen in front."""
    screen = app.screen
    assert isinstance(screen, PlainScreen)
    return screen
