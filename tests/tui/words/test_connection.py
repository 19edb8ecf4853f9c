"""Where the player is connected, in words."""

import pytest

from tui.client.state import ClientState, ConnectionStatus
from tui.words.connection import connection_text


@pytest.mark.parametrize(
    ("state", "where", "text"),
    [
        (ClientState(), "embedded", "connecting to embedded…"),
        (ClientState(connection=ConnectionStatus.ONLINE, latency_ms=1), "embedded", "embedded"),
        (ClientState(connection=ConnectionStatus.ONLINE), "wss://a.org", "wss://a.org"),
        (
            ClientState(connection=ConnectionStatus.ONLINE, latency_ms=42),
            "wss://a.org",
            "wss://a.org 42 ms",
        ),
        (ClientState(connection=ConnectionStatus.RECONNECTING), "embedded", "reconnecting…"),
        (ClientState(connection=ConnectionStatus.FAILED), "embedded", "no connection"),
    ],
)
def test_the_connection(state: ClientState, where: str, text: str) -> None:
    """Where the player is connected is always said, and never more than is true."""
    assert connection_text(state, where) == text


def test_a_connection_in_little_room() -> None:
    """Of a long address the part that says where it is stands longest."""
    state = ClientState(connection=ConnectionStatus.ONLINE, latency_ms=42)
    texts = [connection_text(state, "wss://play.example.org", cells) for cells in (28, 27, 20, 9)]
    assert texts == [
        *("wss://play.example.org 42 ms", "wss://play.example.org", "play.example.org"),
        "play.exa…",
    ]
    assert connection_text(ClientState(), "wss://play.example.org", 20) == "connecting…"
