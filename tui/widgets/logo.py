"""The game's name in its own marks."""

from textual.content import Content
from textual.widget import Widget

from shared.board import Mark
from tui.widgets.player import mark_rows


class Logo(Widget):
    """Three marks in a row."""

    DEFAULT_CSS = """
    Logo { height: 3; width: 28; }
    Logo > .logo--x { color: $primary; }
    Logo > .logo--o { color: $accent; }
    """
    COMPONENT_CLASSES = {"logo--x", "logo--o"}  # noqa: RUF012 (as Textual types it)

    def __init__(self, *, ascii_only: bool) -> None:
        super().__init__()
        self._ascii = ascii_only

    def render(self) -> Content:
        drawn = [
            (
                mark_rows(mark, ascii_only=self._ascii),
                self.get_visual_style(f"logo--{mark}", partial=True),
            )
            for mark in (Mark.O, Mark.X, Mark.O)
        ]
        rows = (
            Content("  ").join(Content.styled(rows[y], style) for rows, style in drawn)
            for y in range(3)
        )
        return Content("\n").join(rows)
