"""The table: the players stand at the board, beside it or above it, at every size."""

from typing import Final

from textual.containers import Container
from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from tui.widgets.art import SMALLEST, cell_size

BESIDE_COLUMNS: Final = 74
"""From so many columns on the players stand beside the board."""
LONG_NAME: Final = 21
_GAP: Final = 2


def panel_columns(size: Size) -> int:
    """How wide a player's place beside the board is: wider where the board is larger."""
    return LONG_NAME + max(0, min(size.width - 100, size.height - 24, 24)) // 2


def places(size: Size) -> tuple[Region, Region, Region]:
    """The left player, the board and the right player."""
    return _beside(size) if size.width >= BESIDE_COLUMNS else _above(size)


def _beside(size: Size) -> tuple[Region, Region, Region]:
    panel = panel_columns(size)
    width, height = cell_size(size.width - 2 * panel, size.height).board
    gap = max(0, min(_GAP * 2, (size.width - width - 2 * panel) // 2))
    left = (size.width - width) // 2 - gap - panel
    top = max(0, size.height - height) // 2
    board = Region(left + panel + gap, top, width, height)
    return (
        Region(left, top, panel, min(height, size.height)),
        board,
        Region(board.right + gap, top, panel, min(height, size.height)),
    )


def _above(size: Size) -> tuple[Region, Region, Region]:
    rows = 2 if size.height >= SMALLEST.board[1] + 2 else 1
    width, height = cell_size(size.width, size.height - rows).board
    spare = size.height - rows - height
    top = rows + (spare + 1) // 2
    board = Region(max(0, size.width - width) // 2, top, width, height)
    both = min(size.width - 2, max(width, 2 * LONG_NAME))
    left, half = (size.width - both) // 2, both // 2
    return (
        Region(left, 0, half, rows),
        board,
        Region(left + both - half, 0, half, rows),
    )


class _TableLayout(Layout):
    name = "table"

    def arrange(
        self,
        parent: Widget,  # noqa: ARG002 (Textual's)
        children: list[Widget],
        size: Size,
        greedy: bool = True,  # noqa: ARG002, FBT001, FBT002 (Textual's)
    ) -> ArrangeResult:
        return [
            WidgetPlacement(region, NULL_OFFSET, Spacing(), child)
            for region, child in zip(places(size), children, strict=True)
        ]


_LAYOUT: Final = _TableLayout()


class GameTable(Container):
    """Holds the left player, the board and the right player, in this order."""

    DEFAULT_CSS = """
    GameTable { width: 1fr; height: 1fr; overflow: hidden; }
    """

    @property
    def layout(self) -> Layout:
        return _LAYOUT
