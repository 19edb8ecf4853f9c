"""The search over actions and themes, and the help: dialogs like every other."""

import pytest
from textual.command import CommandList
from textual.widgets import OptionList

from tests.tui.scenes import SCENES, played, settle
from tui.options import OWN_THEMES
from tui.words.hints import Hint, grouped


async def test_the_own_themes_come_first() -> None:
    """The themes that were made for this game stand before those of others."""
    async with played(SCENES["themes"]) as (app, _, pilot):
        await app.workers.wait_for_complete()
        await settle(pilot)
        names = [str(option.prompt) for option in app.screen.query_one(CommandList).options]
        assert tuple(names[: len(OWN_THEMES)]) == OWN_THEMES
        assert len(names) == len(set(names)) > len(OWN_THEMES)


@pytest.mark.parametrize("name", ["palette", "themes"])
async def test_a_search_is_as_wide_as_the_help(name: str) -> None:
    """A search lies in the middle, no wider than the help, and says what it is about."""
    async with played(SCENES[name], (120, 40)) as (app, _, pilot):
        await app.workers.wait_for_complete()
        await settle(pilot)
        found = app.screen.query_one("#--input")
        assert found.region.width == 64
        assert found.region.x == (120 - 64) // 2
        assert found.border_title == ("Theme" if name == "themes" else "All actions")


def test_the_help_is_in_groups() -> None:
    """What one plays with comes first, then talking, leaving and the rest; no group is empty."""
    play, say, back, helps = (
        Hint("enter", "enter", "Play"),
        Hint("e", "e", "Say"),
        Hint("escape", "esc", "Back"),
        Hint("question_mark", "?", "Help"),
    )
    assert grouped([helps, back, say, play]) == [
        ("Playing", [play]),
        ("Talking", [say]),
        ("Leaving", [back]),
        ("Also", [helps]),
    ]
    assert grouped([back]) == [("Leaving", [back])]


async def test_the_help_tells_only_what_is_legal() -> None:
    """A watcher's help has no key that a player has, and no group without keys."""
    async with played(SCENES["watching"]) as (app, _, pilot):
        await pilot.press("question_mark")
        await settle(pilot)
        told = "\n".join(str(line.prompt) for line in app.screen.query_one(OptionList).options)
        assert "Back" in told
        assert "Give up" not in told
        assert "Say" not in told
        assert "Talking" not in told
