"""What a key, a move and a second send to the terminal: over ssh, people feel bytes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from textual._compositor import CompositorUpdate, LayoutUpdate

from shared.board import Mark
from tests.tui.scenes import SCENES, Scene, played, playing, settle, table
from tests.tui.snapshots import NOW
from tests.tui.stage import StillClient, online
from tui.app import NoughtsApp
from tui.screens.base import PlainScreen
from tui.widgets.top_line import TopLine

CLOCK = playing("408", clock=30, deadline=NOW + 21_000)


class Sent:
    """What an app has sent meanwhile."""

    def __init__(self) -> None:
        self.updates: list[CompositorUpdate] = []
        self.bytes = 0

    @property
    def whole_screens(self) -> int:
        return sum(isinstance(update, LayoutUpdate) for update in self.updates)


@contextmanager
def sent_by(app: NoughtsApp, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sent]:
    sent = Sent()

    def display(_screen: object, update: object) -> None:
        if isinstance(update, CompositorUpdate):
            sent.updates.append(update)
            sent.bytes += len(update.render_segments(app.console).encode())

    with monkeypatch.context() as patched:
        patched.setattr(app, "_display", display)
        yield sent


async def test_a_cursor_key_is_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that moves the cursor sends the two cells that changed, in at most 1,500 bytes."""
    async with played(playing("40")) as (app, _, pilot):
        for key in ("left", "right", "down"):
            with sent_by(app, monkeypatch) as sent:
                await pilot.press(key)
                await settle(pilot)
            assert 0 < sent.bytes <= 1500
            assert sent.whole_screens == 0


Step = Callable[[StillClient], None]
MOVES: dict[str, list[Step]] = {
    "own": [
        lambda client: client.show(table("40", pending=8)),
        lambda client: client.show(table("408")),
    ],
    "theirs": [lambda client: client.show(table("4082"))],
    "last": [lambda client: client.show(table("408267", seat=Mark.X))],
}


async def test_a_move_is_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A move, own or the opponent's, sends at most 6,000 bytes and no whole screen."""
    async with played(playing("40")) as (app, client, pilot):
        for name, steps in MOVES.items():
            with sent_by(app, monkeypatch) as sent:
                for step in steps:
                    step(client)
                    await settle(pilot)
            assert (name, sent.whole_screens) == (name, 0)
            assert 0 < sent.bytes <= 6000, name


async def test_a_running_clock_is_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of a clock sends at most 300 bytes; a tick without news sends none."""
    async with played(CLOCK) as (app, _, pilot):
        screen = app.screen
        assert isinstance(screen, PlainScreen)
        with sent_by(app, monkeypatch) as sent:
            screen.show()
            await settle(pilot)
        assert sent.bytes == 0
        screen.session = replace(screen.session, now_ms=lambda: NOW + 1000)
        with sent_by(app, monkeypatch) as sent:
            screen.show()
            await settle(pilot)
        assert 0 < sent.bytes <= 300


async def test_waiting_is_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one waits, a turn of the spinner sends its line alone."""
    async with played(SCENES["waiting"]) as (app, _, pilot):
        screen = app.screen
        assert isinstance(screen, PlainScreen)
        screen.session = replace(screen.session, now_ms=lambda: NOW + 1000)
        with sent_by(app, monkeypatch) as sent:
            screen.show()
            await settle(pilot)
        assert sent.whole_screens == 0
        assert 0 < sent.bytes <= 300


async def test_what_is_behind_paints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """News for the lobby behind a game sends nothing while the game is in front."""
    scene = playing("40")
    async with played(scene) as (app, client, pilot):
        with sent_by(app, monkeypatch) as sent:
            client.learn(replace(SCENES["lobby_full"].state, tables=client.state.tables))
            await settle(pilot)
        assert sent.bytes == 0


async def test_a_change_of_the_top_line_is_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new latency repaints the top line, not the screen."""
    shown = Scene(online(table("40")), where="wss://play.example.org")
    async with played(shown) as (app, client, pilot):
        with sent_by(app, monkeypatch) as sent:
            client.learn(replace(client.state, latency_ms=57))
            await settle(pilot)
        assert sent.whole_screens == 0
        assert 0 < sent.bytes <= 300
        assert "57 ms" in str(app.screen.query_one(TopLine).render())


SLOW = ("asyncio", "importlib.metadata", "msgspec", "ssl", "subprocess", "textual", "websockets")


@pytest.mark.parametrize(
    ("code", "not_loaded"),
    [
        ("import tui.__main__", SLOW),
        (
            "import tui.app",
            ("importlib.metadata", "tui.computer", "tui.screens.game", "websockets"),
        ),
    ],
)
def test_what_is_not_used_is_not_loaded(code: str, not_loaded: tuple[str, ...]) -> None:
    """The command line loads nothing slow, and the lobby only what it is painted with."""
    asked = f"import sys; {code}; print([m for m in {not_loaded!r} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
