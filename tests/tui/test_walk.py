"""A walk over the screens: nothing needs the mouse, and nothing is done that is not told."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from textual.widget import Widget
from textual.widgets import Button, Input, OptionList

from tests.proofs.counts import FULL
from tests.tui.scenes import SCENES, played, reached_again, settle
from tests.tui.stage import StillClient
from tui.app import NoughtsApp
from tui.screens.base import Dialog
from tui.screens.dialogs import Chooser
from tui.widgets.board import Cell
from tui.widgets.keybar import KeyBar, hints_of
from tui.words.hints import Hint, help_line

LONG_WALKS = (
    *("won", "share", "lobby_resume", "lobby_busy", "lobby_name", "waiting", "claim", "replay"),
)
WALKED = ["lobby_new", "my_turn", *(LONG_WALKS if FULL else ())]
"""In `make test` one of each kind of widget; all of them are some minutes' worth."""


@dataclass(frozen=True)
class Spot:
    """A place on the screen where a click may do something of its own."""

    x: int
    y: int
    keys: tuple[str, ...]
    """The keys that do the same; none where a click is to do nothing."""


def spots(app: NoughtsApp) -> list[Spot]:
    """One place of each thing in sight: widget, option of a list, hint of the key bar."""
    seen: set[object] = set()
    found: dict[object, Spot] = {}
    for y in range(app.size.height):
        for x in range(app.size.width):
            widget, region = app.screen.get_widget_at(x, y)
            part = part_at(app, widget, x, y, x - region.x)
            if (widget, part) not in seen:
                seen.add((widget, part))
                keys = tuple(keys_to(app, widget, part))
                found[kind_of(widget, part, keys)] = Spot(x, y, keys)
    return list(found.values())


def kind_of(widget: Widget, part: object, keys: tuple[str, ...]) -> object:
    """One free cell stands for all; of a list, the first line and the last."""
    match widget:
        case Cell():
            return Cell, bool(keys)
        case OptionList():
            return widget, frozenset(keys)
        case _:
            return widget, part


def part_at(app: NoughtsApp, widget: Widget, x: int, y: int, column: int) -> object:
    if isinstance(widget, KeyBar):
        hint = widget._at(column)
        return hint.binding if hint else None
    return app.screen.get_style_at(x, y).meta.get("option")


def keys_to(app: NoughtsApp, widget: Widget, part: object) -> Iterator[str]:
    """How the keyboard does what a click does there."""
    match widget:
        case KeyBar():
            yield from [part] if isinstance(part, str) else []
        case Cell():
            board = widget.board
            yield from [str(widget.cell + 1)] if widget.cell in board.view.choices else []
        case Dialog():
            yield "escape"
        case OptionList() if isinstance(part, int):
            yield from steps_to(app, widget)
            if not widget.options[part].disabled:
                before = [each for each in widget.options[:part] if not each.disabled]
                yield from ("home", *("down" for _ in before), "enter")
        case Chooser():
            yield from (*steps_to(app, widget), "right")
        case Button():
            yield from (*steps_to(app, widget), "enter")
        case OptionList() | Input():
            yield from steps_to(app, widget)


def steps_to(app: NoughtsApp, widget: Widget) -> Iterator[str]:
    chain = app.screen.focus_chain
    assert widget in chain, f"no key leads to {widget}"
    here = chain.index(app.focused) if app.focused in chain else -1
    yield from ("tab" for _ in range((chain.index(widget) - here) % len(chain)))


def deed(app: NoughtsApp, client: StillClient) -> object:
    """What there is to be seen of what somebody did."""
    screen = app.screen
    return (
        tuple(client.asked),
        [(type(each).__name__, each.name) for each in app.screen_stack],
        [str(each.border_title) for each in screen.query("#dialog")],
        (type(app.focused).__name__, app.focused.id) if app.focused else None,
        [(each.id, each.place) for each in screen.query(Chooser)],
        [(each.id, each.highlighted) for each in screen.query(OptionList)],
        [str(each.render()) for each in screen.query("#step, #notice")],
        app.clipboard,
        app._exit,
    )


@pytest.mark.parametrize("name", WALKED)
async def test_every_click_has_a_key(name: str) -> None:
    """A click anywhere does what keys do as well, or nothing; each key in sight does something."""
    scene = SCENES[name]
    async with played(scene) as (app, client, pilot):
        walk, before = spots(app), deed(app, client)
        for spot in walk:
            await pilot.click(offset=(spot.x, spot.y))
            await settle(pilot)
            clicked = deed(app, client)
            if not spot.keys:
                assert clicked == before, f"{spot} does something"
                continue
            # A line of a menu can wait for something else; a key that is shown does not.
            assert clicked != before or len(spot.keys) > 1, f"{spot} does nothing"
            await reached_again(scene, app, client, pilot)
            assert deed(app, client) == before
            for key in spot.keys:
                await pilot.press(key)
            await settle(pilot)
            assert deed(app, client) == clicked, spot
            await reached_again(scene, app, client, pilot)
            assert deed(app, client) == before


@pytest.mark.parametrize("name", WALKED)
async def test_every_key_is_told(name: str) -> None:
    """What the keys do now stands in the help, or all of it in the key bar of a dialog."""
    async with played(SCENES[name]) as (app, _, pilot):
        told = {hint.label for hint in hints_of(app.screen, hidden=True)}
        if "Help" in told:
            await pilot.press("question_mark")
            await settle(pilot)
            options = app.screen.query_one(OptionList).options
            assert {
                str(option.prompt)[len(help_line(Hint("", "", ""))) :]
                for option in options
                if option.id
            } == told
        else:
            shown = {hint.label for hint in hints_of(app.screen)}
            assert shown == {each.hint.label for each in app.screen.query_one(KeyBar)._placed()}
            assert told - shown <= {"Up", "Down"}
