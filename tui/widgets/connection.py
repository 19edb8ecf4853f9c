"""Where the player is connected, always honest."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from shared.text import cell_width
from tui.client.seats import EMBEDDED
from tui.client.state import ClientState, ConnectionStatus
from tui.words.phrases import shortened


def connection_text(
    state: ClientState, where: str, cells: int = 80, *, ascii_only: bool = False
) -> str:
    """``embedded``, ``wss://example.org 42 ms``, ``reconnecting…``, as much as has room."""
    *longer, shortest = _texts(state, where)
    text = next((each for each in longer if cell_width(each) <= cells), shortest)
    return shortened(text, cells, ascii_only=ascii_only)


def _texts(state: ClientState, where: str) -> tuple[str, ...]:
    match state.connection:
        case ConnectionStatus.ONLINE if where == EMBEDDED or state.latency_ms is None:
            return where, where.rpartition("/")[2]
        case ConnectionStatus.ONLINE:
            return f"{where} {state.latency_ms} ms", where, where.rpartition("/")[2]
        case ConnectionStatus.CONNECTING:
            return f"connecting to {where}…", "connecting…"
        case ConnectionStatus.RECONNECTING:
            return ("reconnecting…",)
        case ConnectionStatus.FAILED:
            return ("no connection",)


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
