"""Draws the screens in the situations that matter as SVG, at three sizes: ``make pictures``.

Run as ``python -m benchmarks.pictures [FOLDER [SCENE …]]`` from the project's folder; ``all`` draws
every scene that there is.
"""

import asyncio
import sys
from pathlib import Path

from tests.tui.scenes import PICTURES, SCENES, SIZES, played


async def drawn(name: str, size: tuple[int, int]) -> str:
    """The SVG of a scene."""
    async with played(SCENES[name], size) as (app, _, _):
        return app.export_screenshot(title="noughts-tui")


def main(folder: str = "docs/pictures", *names: str) -> None:
    """One picture for each scene and size."""
    for name in SCENES if names == ("all",) else names or PICTURES:
        own_size = SCENES[name].size
        for size in (own_size,) if own_size else SIZES:
            path = Path(folder) / f"{name}-{size[0]}x{size[1]}.svg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(asyncio.run(drawn(name, size)), encoding="utf-8")
            print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
