"""Where the player is connected, always honest."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui.client.state import ClientState, ConnectionStatus
from tui.words.connection import connection_text


class ConnectionLabel(Widget):
    """A dot and `connection_text`, in less than half of the top line."""

    DEFAULT_CSS = """
    ConnectionLabel { width: auto; height: 1; color: $foreground 80%; }
    ConnectionLabel > .connection--up { color: $success; }
    ConnectionLabel > .connection--down { color: $warning; }
    """
    COMPONENT_CLASSES = {"connection--up", "connection--down"}  # noqa: RUF012 (as Textual types it)

    state: reactive[ClientState] = reactive(ClientState(), layout=True)
    ascii: reactive[bool] = reactive(default=False)

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where = where

    def render(self) -> Content:
        up = self.state.connection is ConnectionStatus.ONLINE
        dot = ("*" if up else "o") if self.ascii else ("●" if up else "○")
        style = self.get_visual_style(f"connection--{'up' if up else 'down'}", partial=True)
        room = self.app.size.width // 2 - 2
        text = connection_text(self.state, self._where, room, ascii_only=self.ascii)
        return Content.styled(dot, style) + Content(f" {text}")
