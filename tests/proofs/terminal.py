"""A real terminal to run the program in: a pty, its size, and what has been printed on it."""

import asyncio
import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PATIENCE_SECONDS: Final = 30
_ROWS_AND_COLUMNS: Final = (24, 80)
_CONTROL: Final = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|[P\]_^].*?(\x07|\x1b\\)|.)", re.DOTALL)


class Terminal:
    """The program in a terminal of 24 lines of 80 cells."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self.process = process
        self._screen = screen
        self._printed = b""
        self._looked = 0
        self._news = asyncio.Event()
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(screen, self._read)

    @property
    def raw(self) -> str:
        """All that was printed."""
        return self._printed.decode(errors="replace")

    @property
    def text(self) -> str:
        """What was printed and not looked for yet, without control sequences."""
        return _CONTROL.sub("", self.raw)[self._looked :]

    def press(self, key: str) -> None:
        os.write(self._screen, key.encode())

    async def shows(self, pattern: str) -> re.Match[str]:
        """Waits until this is printed, after what was waited for before."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (found := re.search(pattern, self.text)) is None:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{pattern!r} is not in {self.text[-3000:]!r}") from None
        self._looked += found.end()
        return found

    async def ends(self) -> int:
        """Waits until the program has ended and all that it printed is read; its exit status."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._ended.wait()
            return await asyncio.to_thread(self.process.wait)

    def hang_up(self, *, silently: bool = False) -> None:
        """Takes the terminal away, as when its window is closed; perhaps without a signal."""
        asyncio.get_running_loop().remove_reader(self._screen)
        os.close(self._screen)
        self._ended.set()
        if not silently:
            self.process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """Ends the program without a word, as ``kill -9`` does."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.kill()
        if not self._ended.is_set():
            asyncio.get_running_loop().remove_reader(self._screen)
            os.close(self._screen)

    def _read(self) -> None:
        try:
            self._printed += os.read(self._screen, 65536)
        except OSError:  # the program has ended
            asyncio.get_running_loop().remove_reader(self._screen)
            os.close(self._screen)
            self._ended.set()
        self._news.set()


@asynccontextmanager
async def terminal(home: Path, *arguments: str) -> AsyncIterator[Terminal]:
    """The program with these arguments, its files in the folder ``home``."""
    opened = Terminal(*_start(home, arguments))
    try:
        yield opened
    finally:
        opened.close()


def _start(home: Path, arguments: Sequence[str]) -> tuple[subprocess.Popen[bytes], int]:
    screen, inside = os.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", *_ROWS_AND_COLUMNS, 0, 0))
    environment = {
        **os.environ,
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "NOUGHTS_TUI_HOME": str(home),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
    )
    os.close(inside)
    return process, screen
