"""Where the player is connected, always honest."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui.seats import EMBEDDED
from tui.state import ClientState, LinkStatus


def connection_text(state: ClientState, where: str) -> str:
    """``embedded``, ``wss://example.org 42 ms``, ``reconnecting…``."""
    match state.link:
        case LinkStatus.ONLINE:
            remote = where != EMBEDDED and state.latency_ms is not None
            return f"{where} {state.latency_ms} ms" if remote else where
        case LinkStatus.CONNECTING:
            return f"connecting to {where}…"
        case LinkStatus.RECONNECTING:
            return "reconnecting…"
        case LinkStatus.FAILED:
            return "no connection"


class Connection(Widget):
    """A dot and `connection_text`."""

    DEFAULT_CSS = """
    Connection { width: auto; height: 1; color: $foreground 80%; }
    Connection > .connection--up { color: $success; }
    Connection > .connection--down { color: $warning; }
    """
    COMPONENT_CLASSES = {"connection--up", "connection--down"}  # noqa: RUF012 (as Textual types it)

    state: reactive[ClientState] = reactive(ClientState(), layout=True)
    ascii: reactive[bool] = reactive(default=False)

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where = where

    def render(self) -> Content:
        up = self.state.link is LinkStatus.ONLINE
        dot = ("*" if up else "o") if self.ascii else ("●" if up else "○")
        style = self.get_visual_style(f"connection--{'up' if up else 'down'}", partial=True)
        return Content.styled(dot, style) + Content(f" {connection_text(self.state, self._where)}")
