"""The program told to end by its system: the terminal is as it was, and nothing goes on."""

import re
import signal
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

from msgspec.structs import replace

from backend.local.gateway import serve
from shared.messages import Player
from tests.backend.memory import MemoryStore
from tests.proofs.terminal import terminal
from tests.tui.client.bench import until
from tui.client.client import Client
from tui.client.seats import Seats

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


async def test_the_last_line_of_a_terminal(tmp_path: Path) -> None:
    """Whoever quits in a game reads how to come back, without a secret, and has left the table."""
    async with (
        serve(MemoryStore()) as gateway,
        Client(gateway.url, Seats(None), name="Bob") as bob,
    ):
        code = (await bob.start(mark="o")).id
        url = gateway.url.replace("ws://", "ws://ada:secret@")
        async with terminal(tmp_path, "join", code, "--url", url) as opened:
            await opened.shows("Your turn")
            opened.press("\x11")
            await opened.shows("Quit for now")
            opened.press("\x11")
            assert await opened.ends() == 0
        last = opened.raw.rstrip().splitlines()[-1]
        assert re.search(r"You can come back until \d\d:\d\d: ", last)
        assert last.endswith(f" join {code} --url {gateway.url}")
        assert "secret" not in last
        gone = Player(name="Player X", online=False, away="left", away_at=None)
        await until(
            bob,
            lambda state: (
                (other := state.tables[code].opponent) and replace(other, away_at=None) == gone
            ),
        )
        assert bob.state.tables[code].is_running
