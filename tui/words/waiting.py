"""What is said to a player who waits for an opponent."""

from typing import Final

from tui.client.state import Table
from tui.words.phrases import clock_text, elapsed

OFFER_AFTER_MS: Final = 20_000

_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ASCII_SPINNER: Final = "|/-\\"


def waiting_text(waited_ms: int, *, ascii_only: bool) -> str:
    """``⠋ Waiting for an opponent, 0:07``."""
    frames = _ASCII_SPINNER if ascii_only else _SPINNER
    return f"{frames[waited_ms // 500 % len(frames)]} Waiting for an opponent, {elapsed(waited_ms)}"


def offer_text(waited_ms: int) -> str:
    """After a while, what else there is to do."""
    if waited_ms < OFFER_AFTER_MS:
        return ""
    return "Nobody yet? Press p and play the computer meanwhile: this game stays open."


def terms_text(table: Table) -> str:
    """``You play x, which begins; 30 s a move``."""
    begins = " and begin" if table.seat == "x" else ""
    clock = f"; {clock_text(table.game.clock)}" if table.game.clock else ""
    return f"You play {table.seat}{begins}{clock}"
