"""The player's manual: nothing that a player can use is missing from it."""

import argparse
import json
import re
from pathlib import Path

import pytest
from textual.binding import Binding, BindingType

from tui.app import NoughtsApp
from tui.arguments import parser
from tui.screens.base import PlainScreen
from tui.screens.dialogs import Choices, Chooser, CodeInput, NameInput, NewGameDialog
from tui.screens.game import GameScreen
from tui.screens.lobby import LobbyScreen
from tui.screens.replay import ReplayScreen, ShareDialog
from tui.screens.waiting import WaitingScreen
from tui.settings import KEYS, Settings
from tui.themes import THEMES
from tui.widgets.board import Board
from tui.widgets.game_list import GameList
from tui.widgets.lobby_menu import LobbyMenu

DOCS = Path(__file__).parents[2] / "docs"
MANUAL = (DOCS / "playing.md").read_text(encoding="utf-8")
SERVE = (DOCS / "serve.md").read_text(encoding="utf-8")
PLACES: dict[str, list[BindingType]] = {
    place.__name__: place.BINDINGS
    for place in (
        *(NoughtsApp, PlainScreen, LobbyScreen, WaitingScreen, GameScreen, Board, ReplayScreen),
        *(ShareDialog, Chooser, Choices, NewGameDialog, CodeInput, NameInput, LobbyMenu, GameList),
    )
}


def subcommands() -> dict[str, argparse.ArgumentParser]:
    choices: dict[str, argparse.ArgumentParser] = {}
    for action in parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            choices |= action.choices
    return choices


def options(command: argparse.ArgumentParser) -> set[str]:
    found = {option for action in command._actions for option in action.option_strings}
    return {option for option in found if option.startswith("--")} - {"--help"}


@pytest.mark.parametrize("name", sorted(subcommands()))
def test_every_command_is_in_the_manual(name: str) -> None:
    """Every command stands in the manual with each of its options; those of a server in its own."""
    assert f"`noughts-tui {name}" in MANUAL
    text = MANUAL + SERVE if name == "serve" else MANUAL
    for option in options(subcommands()[name]):
        assert re.search(rf"{option}\b", text), option


def test_every_option_is_in_the_help() -> None:
    """`--help` shows the options of its command, and examples."""
    for command in (parser(), *subcommands().values()):
        told = command.format_help()
        assert [option for option in options(command) if option not in told] == [], command.prog
    assert "noughts-tui join K7QF2M" in parser().format_help()


@pytest.mark.parametrize("key", KEYS)
def test_every_setting_is_in_the_manual(key: str) -> None:
    """Every key of the settings stands in the manual with its default."""
    default = getattr(Settings(), key)
    shown = {"url": "none", "theme": '`"noughts-dark"`'}.get(key, f"`{json.dumps(default)}`")
    assert f"| `{key}` | {shown} |" in MANUAL


@pytest.mark.parametrize("place", sorted(PLACES))
def test_every_action_is_in_the_manual(place: str) -> None:
    """Every action of every screen stands in the manual by the name that the footer gives it."""
    for binding in PLACES[place]:
        assert isinstance(binding, Binding)
        assert re.search(rf"\b{binding.description}\b", MANUAL, re.IGNORECASE), binding.description


@pytest.mark.parametrize(
    "name",
    ["WEBSOCKET_URL", "NOUGHTS_TUI_HOME", "NOUGHTS_TUI_PORT", "NO_COLOR", "TEXTUAL_ANIMATIONS"],
)
def test_every_variable_is_in_the_manual(name: str) -> None:
    """Every variable of the environment that counts stands in the manual."""
    assert f"| `{name}` |" in MANUAL


def test_every_theme_is_in_the_manual() -> None:
    """Every theme of the game's own stands in the manual."""
    for theme in THEMES:
        assert f"`{theme.name}`" in MANUAL


def test_the_recording_is_small_and_whole() -> None:
    """The recording is one that players understand, shows a game to its end, and is small."""
    lines = (DOCS / "game.cast").read_text(encoding="utf-8").splitlines()
    header, *events = map(json.loads, lines)
    assert (header["version"], header["width"], header["height"]) == (2, 80, 24)
    assert all(kind == "o" for _, kind, _ in events)
    moments = [moment for moment, _, _ in events]
    assert moments == sorted(moments)
    assert "You win" in "".join(text for _, _, text in events)
    assert sum(map(len, lines)) < 200_000
