"""The smallest Textual app with nine cells and a cursor, to compare the game's screen with."""

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.reactive import reactive
from textual.widgets import Static


class NineCells(App[None]):
    """Arrows move the cursor; what they mean is all that the app knows."""

    CSS = """
    Grid { grid-size: 3 3; width: 41; height: 20; }
    Static { content-align: center middle; width: 1fr; height: 1fr; }
    .cursor { background: $primary; }
    #keys { dock: bottom; height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)"),
        Binding("right", "step(1)"),
    ]

    at: reactive[int] = reactive(4)

    def compose(self) -> ComposeResult:
        with Grid():
            for cell in range(9):
                yield Static(str(cell + 1), id=f"cell-{cell}")
        yield Static("Quit", id="keys")

    def watch_at(self, old: int, new: int) -> None:
        self.query_one(f"#cell-{old}").remove_class("cursor")
        self.query_one(f"#cell-{new}").add_class("cursor")

    def action_step(self, by: int) -> None:
        self.at = min(8, max(0, self.at + by))


if __name__ == "__main__":
    NineCells().run()
