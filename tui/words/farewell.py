"""The last words to a player who goes: what was lost, how to come back and until when. Pure."""

import time
from collections.abc import Iterator
from typing import Final

from tui.client.state import Table

KEPT_MS: Final = 6 * 3600 * 1000
"""How long a game lives after its last change, of which leaving is one."""


def farewell(table: Table, command: str, now_ms: int) -> Iterator[str]:
    """What a player who leaves a table should know; nothing when the game is over."""
    if not table.is_running:
        return
    if table.pending is not None:
        yield "Your last move has not reached the server."
    if table.asked:
        yield "What you asked for last has not reached the server."
    until = time.strftime("%H:%M", time.localtime((now_ms + KEPT_MS) / 1000))
    yield f"You can come back until {until}: {command}"
