"""How long it takes from the command to the painted lobby: ``python -m benchmarks startup``.

Starts, alternately, the smallest Textual app there is and the game (with the gateway running
already, and with none), each in a terminal of its own, and measures the time until the last line of
the lobby is on the screen.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

from benchmarks.comparison import Row

ROUNDS = 9
SMALLEST = (
    "from textual.app import App;from textual.widgets import Static;"
    "A=type('A',(App,),{'compose':lambda s:iter([Static('Quick match')])});A().run()"
)


def seconds_until(words: bytes, command: list[str], home: Path, port: int) -> float:
    """Seconds until the words are on the terminal of a command, which is then ended."""
    began = time.perf_counter()
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(
            NOUGHTS_TUI_HOME=str(home), NOUGHTS_TUI_PORT=str(port), TERM="xterm-256color"
        )
        os.execv(command[0], command)  # noqa: S606 (a program of this project)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seen = b""
    while words not in seen:
        if not select.select([terminal], [], [], 30)[0]:
            raise SystemExit(f"{words!r} did not appear")
        seen += os.read(terminal, 65536)
    took = time.perf_counter() - began
    os.kill(process, signal.SIGKILL)
    os.close(terminal)
    os.waitpid(process, 0)
    return took


def stop_gateway(home: Path) -> None:
    """Ends the gateway that was started for this folder."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"backend.local" in words and str(home / "state").encode() in words:
            os.kill(int(folder.name), signal.SIGTERM)
            while folder.exists():
                time.sleep(0.01)


def rows() -> list[Row]:
    python, port = sys.executable, 20000 + os.getpid() % 20000
    smallest, game = [python, "-c", SMALLEST], [python, "-m", "tui"]
    beside: list[float] = []
    took: dict[str, list[float]] = {"gateway runs": [], "no gateway": []}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        seconds_until(b"Quick match", game, home, port)
        for _ in range(ROUNDS):
            beside.append(1000 * seconds_until(b"Quick match", smallest, home, port))
            took["gateway runs"].append(1000 * seconds_until(b"Quit", game, home, port))
            stop_gateway(home)
            took["no gateway"].append(1000 * seconds_until(b"embedded", game, home, port))
        stop_gateway(home)
    return [
        Row(what=f"start to the painted lobby, {how}", unit="ms", ours=ours, beside=beside)
        for how, ours in took.items()
    ]
