"""What is said to a player who waits for an opponent."""

from typing import Final, Literal

from tui.client.state import Table
from tui.words.phrases import clock_text, elapsed

OFFER_AFTER_MS: Final = 20_000

Sought = Literal["friend", "anybody", "match", ""]
"""Whom a waiting game is for; empty where that is no longer known."""

_WHOM: Final[dict[Sought, tuple[str, str]]] = {
    "friend": (
        "Waiting for a friend with this code",
        "Nobody else sees the game.",
    ),
    "anybody": (
        "Open to everybody in the lobby",
        "A friend can also come with this code.",
    ),
    "match": (
        "Looking for an opponent",
        "Whoever asks for a quick match plays you, or a friend with this code.",
    ),
    "": (
        "Your game waits for an opponent",
        "Give this code to whom you want to play.",
    ),
}


def whom_text(sought: Sought) -> tuple[str, str]:
    """For whom the game waits, and who else can see it."""
    return _WHOM[sought]


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
