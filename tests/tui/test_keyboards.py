"""Other keyboards and terminals: what is pressed there does what it says, or is told why not."""

import os

import pytest
from textual import events
from textual.app import App
from textual.driver import Driver
from textual.geometry import Region
from textual.widgets import Input

from tests.tui.scenes import SCENES, Scene, played, settle, table
from tests.tui.snapshots import CODE, KEY
from tests.tui.stage import StillClient, online
from tui.app import create_app
from tui.doctor import Terminal, terminal_findings
from tui.options import Options
from tui.record import RecordFile
from tui.screens.dialogs import NewGameDialog
from tui.words.phrases import OTHER_LAYOUT


def test_a_panic_is_a_failure() -> None:
    """An app that breaks ends with the status of a failure."""
    app = create_app(Options(), client=StillClient(), record=RecordFile(None))
    app.panic("broken")
    assert app.return_code == 1


def test_a_panic_shows_no_values() -> None:
    """What an app that breaks prints holds no variables: a seat's key may be among them."""
    app = create_app(Options(), client=StillClient(), record=RecordFile(None))
    try:
        broken = f"{KEY[:4]}{KEY[4:]}"
        ()[len(broken)]
    except IndexError as error:
        app._handle_exception(error)
    shown = "".join(
        segment.text
        for renderable in app._exit_renderables
        for segment in app.console.render(renderable)
    )
    assert "IndexError" in shown
    assert KEY not in shown
    assert app.return_code == 1


@pytest.mark.parametrize(
    ("key", "character"),
    [("N", "N"), ("n", "n"), ("\uff4e", "\uff4e"), ("\uff2e", "\uff2e")],
    ids=["caps lock", "small", "full-width", "full-width capital"],
)
async def test_a_letter_of_another_keyboard(key: str, character: str) -> None:
    """A letter does the same with Caps Lock on, and as a full-width letter."""
    async with played(Scene(online())) as (app, _, pilot):
        app.post_message(events.Key(key, character))
        await settle(pilot)
        assert isinstance(app.screen, NewGameDialog)


@pytest.mark.parametrize("character", ["6", "\uff16", "\u0666", "\u06f6", "\u096c"])
async def test_a_digit_of_another_script(character: str) -> None:
    """A cell is played by its digit in any script."""
    async with played(Scene(online(table("40")))) as (app, client, pilot):
        app.post_message(events.Key(character, character))
        await settle(pilot)
        assert client.asked == [("play", CODE, 5)]


async def test_letters_stay_as_they_are_typed_in_a_name() -> None:
    """What is typed into a field is taken as it is."""
    async with played(Scene(online())) as (app, _, pilot):
        await pilot.press("e", "end")
        for character in "\uff15\u042f":
            app.post_message(events.Key(character, character))
        await settle(pilot)
        assert app.screen.query_one(Input).value.endswith("\uff15\u042f")


async def test_a_letter_of_another_script() -> None:
    """A letter that can mean nothing says why, once, and what can be done instead."""
    async with played(Scene(online())) as (app, _, pilot):
        for character in "\u0439\u0442":
            app.post_message(events.Key(character, character))
        await settle(pilot)
        assert [each.message for each in app._notifications] == [OTHER_LAYOUT]


async def test_ctrl_c_is_answered_in_our_words() -> None:
    """Who presses what ends other programs is told what ends this one."""
    async with played(Scene(online())) as (app, _, pilot):
        await pilot.press("ctrl+c")
        await settle(pilot)
        assert [each.message for each in app._notifications] == ["Ctrl+Q quits; Esc goes back."]


@pytest.mark.parametrize(("value", "none"), [(None, False), ("", False), ("1", True)])
def test_no_color(monkeypatch: pytest.MonkeyPatch, value: str | None, none: bool) -> None:
    """NO_COLOR counts when it is set and not empty, for the app as for the doctor."""
    if value is None:
        monkeypatch.delenv("NO_COLOR", raising=False)
    else:
        monkeypatch.setenv("NO_COLOR", value)
    app = create_app(Options(), client=StillClient(), record=RecordFile(None))
    assert app.no_color is none
    terminal = Terminal(
        interactive=True, size=(80, 24), encoding="utf-8", environment=dict(os.environ)
    )
    said = [str(finding) for finding in terminal_findings(terminal)]
    assert any("Colours: none" in each for each in said) is none


@pytest.mark.parametrize(("leader", "stops"), [(True, False), (False, True)])
async def test_ctrl_z(monkeypatch: pytest.MonkeyPatch, leader: bool, stops: bool) -> None:
    """Ctrl+Z goes back to the shell; where there is none, nobody is left with a dead terminal."""
    stopped: list[None] = []
    monkeypatch.setattr(App, "action_suspend_process", lambda _app: stopped.append(None))
    async with played(Scene(online())) as (app, _, pilot):
        monkeypatch.setattr(os, "getsid", lambda _pid: os.getpgrp() + (not leader))
        await pilot.press("ctrl+z")
        await settle(pilot)
        assert bool(stopped) is stops
        assert len(app._notifications) == (not stops)


async def test_the_screen_is_drawn_anew_after_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes back from the shell finds the whole screen, and not only what has changed."""
    async with played(SCENES["replay"]) as (app, _, pilot):
        drawn: list[bool] = []
        refresh = app.screen.refresh

        def note(*regions: Region, **how: bool) -> object:
            drawn.append(how.get("layout", False))
            return refresh(*regions, **how)

        monkeypatch.setattr(app.screen, "refresh", note)
        app.post_message(Driver.SignalResume())
        await settle(pilot)
        assert True in drawn
