"""The search over actions and themes, with its own keys below."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.command import CommandPalette

from tui.widgets.keybar import KeyBar


class Palette(CommandPalette):
    """Textual's palette over the key bar of the screen below, whose keys are letters here."""

    DEFAULT_CSS = """
    Palette > Vertical { margin-top: 1; }
    Palette CommandList { max-height: 60vh; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "escape", "Back"),
    ]

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield KeyBar()
