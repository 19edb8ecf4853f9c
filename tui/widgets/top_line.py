"""The first line of every full screen: what it shows, and where the player is connected."""

from typing import ClassVar

from textual.content import Content
from textual.reactive import reactive

from shared.text import cell_width
from tui.client.state import ClientState, ConnectionStatus
from tui.widgets.sparing import SparingWidget
from tui.words.connection import connection_text
from tui.words.phrases import shortened

_GAP = 2


class TopLine(SparingWidget):
    """A heading, and in less than half of the line a dot and `connection_text`.

    ``where`` None shows no connection: the screen needs none.
    """

    DEFAULT_CSS = """
    TopLine { dock: top; height: 1; padding: 0 1; background: $panel; color: $foreground 80%; }
    TopLine > .top--up { color: $success; }
    TopLine > .top--down { color: $warning; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"top--up", "top--down"}

    heading: reactive[str] = reactive("", repaint=False)
    state: reactive[ClientState] = reactive(ClientState(), repaint=False)

    def __init__(self, where: str | None, *, ascii_only: bool) -> None:
        super().__init__()
        self.where = where
        self._ascii = ascii_only

    @property
    def room(self) -> int:
        """The columns that the heading has."""
        connection = self._connection().cell_length
        return self.content_size.width - connection - (_GAP if connection else 0)

    def render(self) -> Content:
        connection, room = self._connection(), self.room
        heading = shortened(self.heading, room, ascii_only=self._ascii)
        if not connection:
            return Content(heading)
        return Content(f"{heading}{' ' * (room + _GAP - cell_width(heading))}") + connection

    def watch_heading(self) -> None:
        self.redraw()

    def watch_state(self) -> None:
        self.redraw()

    def _connection(self) -> Content:
        if self.where is None:
            return Content("")
        up = self.state.connection is ConnectionStatus.ONLINE
        dot = ("*" if up else "o") if self._ascii else ("●" if up else "○")
        style = self.get_visual_style(f"top--{'up' if up else 'down'}", partial=True)
        most = (self.content_size.width + 2) // 2 - 2
        text = connection_text(self.state, self.where, most, ascii_only=self._ascii)
        return Content.styled(dot, style) + Content(f" {text}")
