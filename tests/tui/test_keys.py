"""The keys of the screens: none is dead, and each does what its label says."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input

from tests.tui.scenes import SCENES, Scene, played, reached_again, settle, table
from tests.tui.snapshots import CODE, NEXT
from tests.tui.stage import StillClient, online
from tui.app import NoughtsApp
from tui.client.errors import Unreachable
from tui.client.state import ClientState, ConnectionStatus
from tui.screens.game import GameScreen
from tui.screens.lobby import LobbyScreen
from tui.screens.replay import ReplayScreen
from tui.screens.waiting import WaitingScreen

SCREENS: tuple[type[Screen[Any]], ...] = (LobbyScreen, WaitingScreen, GameScreen, ReplayScreen)


def swallowed(screen: Screen[Any]) -> list[str]:
    """The keys of a screen that a child with the focus would take for itself."""
    own = {
        key
        for kind in type(screen).__mro__
        if kind.__module__.startswith("tui.")
        for binding in kind.__dict__.get("BINDINGS", ())
        if not binding.priority
        for key in binding.key.split(",")
    }
    return [
        f"{key} by {type(child).__name__}"
        for child in screen.focus_chain
        for key in sorted(own & taken_by(child, own))
    ]


def taken_by(child: Any, keys: set[str]) -> set[str]:
    taken = set(child._bindings.key_to_bindings)
    if isinstance(child, Input):
        taken |= {key for key in keys if len(key) == 1}
    return taken


@pytest.mark.parametrize(
    "name", ["lobby_full", "waiting", "my_turn", "replay", "lobby_join", "lobby_name", "share"]
)
async def test_no_key_of_a_screen_is_swallowed(name: str) -> None:
    """What has the focus binds no key of the screen around it: that key would be dead."""
    async with played(SCENES[name]) as (app, _, _):
        assert app.screen.focus_chain or name in {"waiting", "share"}
        assert swallowed(app.screen) == []


@dataclass(frozen=True)
class Case:
    """A key of a screen by its label, where it is legal, and what it is to do."""

    label: str
    scene: str
    does: Callable[[NoughtsApp, StillClient], object]
    expected: object


def asked(_: NoughtsApp, client: StillClient) -> object:
    return client.asked


def dialog(app: NoughtsApp, _: StillClient) -> object:
    return [str(each.border_title) for each in app.screen.query("#dialog")]


def front(app: NoughtsApp, _: StillClient) -> object:
    return type(app.screen)


def shown(app: NoughtsApp, _: StillClient) -> object:
    return app.screen.query_one("#moves").highlighted  # type: ignore[attr-defined] # a list


def copied(app: NoughtsApp, _: StillClient) -> object:
    return app.clipboard


EXTRA = {
    "next": Scene(online(table("03142", None, next=NEXT))),
    "failed": Scene(ClientState(connection=ConnectionStatus.FAILED)),
    "replay_start": replace(SCENES["replay"], keys=("v", "home")),
}
CASES: dict[type[Screen[Any]], list[Case]] = {
    LobbyScreen: [
        Case("Theme", "lobby_full", front, None),
        Case("Resume", "lobby_resume", asked, [("resume", CODE)]),
        Case("Quick match", "lobby_full", asked, [("match", 0)]),
        Case("New game", "lobby_full", dialog, ["New game"]),
        Case("Join by code", "lobby_full", dialog, ["Join by code"]),
        Case("Computer", "lobby_full", dialog, ["Play the computer"]),
        Case("Name", "lobby_full", dialog, ["Your name"]),
        Case("Cancel", "lobby_busy", lambda app, _: app.screen.busy, ""),  # type: ignore[attr-defined] # the lobby's
        Case("Quit", "lobby_full", dialog, ["Quit?"]),
        Case("Try again", "failed", asked, [("reconnect",)]),
        Case("Help", "lobby_full", dialog, ["Help"]),
    ],
    WaitingScreen: [
        Case(
            "Copy the command",
            "waiting",
            copied,
            f"noughts-tui join {CODE} --url wss://play.example.org/game",
        ),
        Case("Play the computer", "waiting", dialog, ["Play the computer"]),
        Case("Cancel", "waiting", asked, [("leave", CODE)]),
    ],
    GameScreen: [
        Case("Rematch", "won", asked, [("rematch", CODE)]),
        Case("Claim the game", "claim", asked, [("claim", CODE)]),
        Case("Take it back", "replaced", asked, [("take_back", CODE)]),
        Case("Watch the next", "next", asked, [("watch", NEXT)]),
        Case("Replay", "won", front, ReplayScreen),
        Case("Share", "won", dialog, ["Share"]),
        Case("Say", "my_turn", dialog, ["Say"]),
        Case("Play the computer", "won", dialog, ["Play the computer"]),
        Case("Give up", "my_turn", dialog, ["Give up?"]),
        Case("Back", "my_turn", dialog, ["Leave?"]),
    ],
    ReplayScreen: [
        Case("Previous", "replay", shown, 3),
        Case("Next", "replay", shown, 5),
        Case("First", "replay", shown, 0),
        Case("Last", "replay_start", shown, 5),
        Case("Share", "replay", dialog, ["Share"]),
        Case("Back", "replay", front, GameScreen),
    ],
}


@pytest.mark.parametrize("screen", SCREENS, ids=[each.__name__ for each in SCREENS])
async def test_each_key_does_what_its_label_says(screen: type[Screen[Any]]) -> None:
    """Every key of a screen is tried where it is legal; none is without a case here."""
    own = {each.description for each in screen.BINDINGS if isinstance(each, Binding)}
    assert own <= {case.label for case in CASES[screen]}
    first = CASES[screen][0].scene
    async with played({**SCENES, **EXTRA}[first]) as (app, client, pilot):
        for case in CASES[screen]:
            scene = {**SCENES, **EXTRA}[case.scene]
            client.seats = scene.seats
            await reached_again(scene, app, client, pilot)
            asked_before = len(client.asked)
            # A table that the client does not know cannot be gone to.
            client.refusal = Unreachable("Not now.") if case.scene == "next" else None
            assert isinstance(app.screen, screen)
            [key] = [
                key
                for key, active in app.screen.active_bindings.items()
                if active.binding.description == case.label and active.enabled
            ][:1]
            await pilot.press(key)
            await settle(pilot)
            del client.asked[:asked_before]
            did = case.does(app, client)
            if case.label == "Theme":
                assert type(app.screen).__name__ == "ThemePalette"
            else:
                assert did == case.expected, case.label
            client.answers.set()
