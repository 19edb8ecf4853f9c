"""Pictures of the screens that matter. Look at what changed before ``pytest --snapshot-update``."""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from tests.tui.scenes import PICTURES, SCENES, begun, reached


@pytest.mark.parametrize("name", PICTURES)
def test_picture(name: str, snap_compare: Callable[..., bool]) -> None:
    """The screen looks as it did when somebody last looked at it."""
    scene = SCENES[name]
    app, _ = begun(scene)

    async def reach(pilot: Pilot[None]) -> None:
        await reached(scene, app, pilot)

    assert snap_compare(app, terminal_size=scene.size or (80, 24), run_before=reach)
