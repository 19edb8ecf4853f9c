"""The search over actions and themes, as a dialog like the others, with its own keys below."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.theme import ThemeProvider

from tui.options import OWN_THEMES
from tui.widgets.keybar import KeyBar


class Palette(CommandPalette):
    """Textual's palette over the key bar of the screen below, whose keys are letters here."""

    DEFAULT_CSS = """
    Palette {
        background: $background 70%;
    }
    Palette > Vertical, Palette:dark > Vertical {
        margin: 1 0 2 0;
        width: 64;
        max-width: 100%;
        background: transparent;
    }
    Palette #--input, Palette #--input.--list-visible {
        border: round $primary;
        border-title-color: $foreground;
        background: $surface;
        height: 3;
    }
    Palette CommandInput, Palette CommandInput:focus { border: none; padding: 0 1; }
    Palette SearchIcon { display: none; }
    Palette CommandList, Palette CommandList:focus, Palette CommandList.--populating {
        border: round $primary;
        background: $surface;
        padding: 0 1;
        max-height: 60vh;
    }
    Palette CommandList > .option-list--option { padding: 0; text-style: none; }
    Palette CommandList > .option-list--option-highlighted {
        background: $primary 30%;
        color: $foreground;
        text-style: bold;
    }
    Palette LoadingIndicator { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "escape", "Back"),
    ]
    SUBJECT: ClassVar[str] = "All actions"

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one("#--input").border_title = self.SUBJECT


class ThemePalette(Palette):
    """The search over themes alone."""

    SUBJECT: ClassVar[str] = "Theme"

    def __init__(self) -> None:
        super().__init__([OwnThemesFirst], placeholder="Search for themes…")


class OwnThemesFirst(ThemeProvider):
    """The themes that were made for this game, then the others."""

    @property
    def commands(self) -> list[tuple[str, Callable[[], None]]]:
        found = dict(super().commands)
        first = [name for name in OWN_THEMES if name in found]
        others = [name for name in found if name not in first]
        return [(name, found[name]) for name in (*first, *others)]
