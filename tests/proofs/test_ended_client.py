"""The program told to end by its system: the terminal is as it was, and nothing goes on."""

import signal
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

from tests.proofs.terminal import terminal

UNDONE = (
    *("\x1b[?1049l", "\x1b[?25h", "\x1b[?1000l", "\x1b[?1003l", "\x1b[?1006l", "\x1b[?2004l"),
)
"""The ordinary screen, the cursor, no reports of the mouse, no brackets around what is pasted."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_program_told_to_end(tmp_path: Path, number: int) -> None:
    """Who is told to end leaves the terminal as he found it, and says why he ended."""
    async with terminal(tmp_path, "--url", "ws://127.0.0.1:1") as opened:
        await opened.shows("Quick match")
        opened.process.send_signal(number)
        assert await opened.ends() == 128 + number
    assert [sequence for sequence in UNDONE if sequence not in opened.raw] == []


@pytest.mark.parametrize("silently", [False, True])
async def test_a_terminal_that_is_closed(tmp_path: Path, silently: bool) -> None:
    """Without its terminal the program ends, too, with a signal or without."""
    async with terminal(tmp_path, "--url", "ws://127.0.0.1:1") as opened:
        await opened.shows("Quick match")
        opened.hang_up(silently=silently)
        assert await opened.ends() == 128 + signal.SIGHUP
