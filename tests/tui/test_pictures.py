"""Pictures of the screens that matter. Look at what changed before ``pytest --snapshot-update``."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.scenes import PICTURES, SCENES, begun, played, reached

ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(r"""url\(["']?\w+:|(?:href|src)=["']\w+:""")


@pytest.mark.parametrize("name", PICTURES)
def test_picture(name: str, snap_compare: Callable[..., bool]) -> None:
    """The screen looks as it did when somebody last looked at it."""
    scene = SCENES[name]
    app, _ = begun(scene)

    async def reach(pilot: Pilot[None]) -> None:
        await reached(scene, app, pilot)

    assert snap_compare(app, terminal_size=scene.size or (80, 24), run_before=reach)


async def test_a_picture_loads_nothing() -> None:
    """A picture of a screen, the player's or the documentation's, asks no server for anything."""
    async with played(SCENES["won"]) as (app, _, _):
        assert not ADDRESS.search(app.export_screenshot())
    drawn = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
    assert drawn
    for path in drawn:
        assert not ADDRESS.search(path.read_text(encoding="utf-8")), path.name
