"""Where the player is connected, in the room that the top line has."""

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
