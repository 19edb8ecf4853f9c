"""What a key, a move and a second cost on the screen: ``make bench ARGS=screen``.

Runs, alternately, the game and the smallest Textual app with nine cells, each in an 80x24 terminal
of its own, against a gateway of its own. Times run from the key, or from the opponent's request, to
the byte that completes the answer on the terminal; ``bytes`` are all that the terminal is sent
until it has been quiet for a while. Bytes and processor time are exact; compare times by their
ratio alone.
"""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from websockets.sync.client import ClientConnection, connect

from benchmarks.comparison import Row

ROUNDS = 9
KEYS = 40
IDLE_SECONDS = 6.0
QUIET_SECONDS = 0.25
RIGHT, LEFT = b"\x1b[C", b"\x1b[D"
NINE_CELLS = [sys.executable, "-m", "benchmarks.nine_cells"]
GAME = [sys.executable, "-m", "tui"]

_ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?<>=]*[ -/]*[@-~]|[\]P][^\x07\x1b]*(?:\x07|\x1b\\)|.)")


def text_of(sent: bytes) -> str:
    """What was sent to a terminal, without its escape sequences."""
    return _ESCAPES.sub(b"", sent).decode("utf-8", "replace")


class Terminal:
    """A program in a terminal of its own, as a player has it."""

    def __init__(self, command: list[str], home: Path) -> None:
        self.began = time.perf_counter()
        self.process, self._terminal = pty.fork()
        if self.process == 0:
            os.environ.update(
                NOUGHTS_TUI_HOME=str(home), TERM="xterm-256color", COLORTERM="truecolor"
            )
            os.execv(command[0], command)  # noqa: S606 (a program of this project)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def press(self, keys: bytes) -> float:
        """Sends keys; when that was."""
        at = time.perf_counter()
        os.write(self._terminal, keys)
        return at

    def until(self, words: str, seconds: float = 10) -> bytes:
        """What is sent up to the time when these words have been."""
        sent, end = b"", time.perf_counter() + seconds
        while words not in text_of(sent):
            if not self._readable(end - time.perf_counter()):
                raise SystemExit(f"{words!r} did not appear in {text_of(sent)[-2000:]!r}")
            sent += os.read(self._terminal, 65536)
        return sent

    def next(self, seconds: float = 5) -> bytes:
        """The next bytes that are sent."""
        if not self._readable(seconds):
            raise SystemExit("nothing was painted")
        return os.read(self._terminal, 65536)

    def rest(self, quiet: float = QUIET_SECONDS) -> bytes:
        """What is sent until nothing has been for a while."""
        sent = b""
        while self._readable(quiet):
            sent += os.read(self._terminal, 65536)
        return sent

    def during(self, seconds: float) -> bytes:
        """What is sent within so many seconds."""
        sent, end = b"", time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if self._readable(left):
                sent += os.read(self._terminal, 65536)
        return sent

    def _readable(self, seconds: float) -> bool:
        return bool(select.select([self._terminal], [], [], max(0, seconds))[0])

    @property
    def cpu_seconds(self) -> float:
        """Processor time of all its threads."""
        threads = Path(f"/proc/{self.process}/task").glob("*/schedstat")
        return sum(int(each.read_text().split()[0]) for each in threads) / 1e9

    def end(self) -> None:
        os.kill(self.process, signal.SIGKILL)
        os.close(self._terminal)
        os.waitpid(self.process, 0)


@contextlib.contextmanager
def terminal(command: list[str], home: Path) -> Iterator[Terminal]:
    shown = Terminal(command, home)
    try:
        yield shown
    finally:
        shown.end()


@contextlib.contextmanager
def gateway(home: Path) -> Iterator[str]:
    """The address of a gateway that runs meanwhile."""
    command = [sys.executable, "-m", "backend.local", "--port", "0", "--data", str(home / "games")]
    with (
        (home / "gateway.log").open("wb") as log,
        subprocess.Popen([*command, "--rate", "0"], stdout=subprocess.PIPE, stderr=log) as process,
    ):
        try:
            line = process.stdout.readline() if process.stdout else b""
            yield line.decode().split()[-1]
        finally:
            process.terminate()


class Opponent:
    """Plays the other seat without a screen."""

    def __init__(self, url: str, code: str) -> None:
        self.code = code
        self._server: ClientConnection = connect(url, compression=None, legacy=True)
        self._say(type="join", id=code, name="Bob")

    def play(self, cell: int, after: str) -> float:
        """Makes a move; when it was asked."""
        at = time.perf_counter()
        self._say(type="play", id=self.code, tile=f"{cell // 3},{cell % 3}", after=after)
        return at

    def hears(self, moves: str) -> None:
        """Waits until the game has this history."""
        for event in map(json.loads, self._server):
            if event.get("game", {}).get("moves") == moves:
                return

    def close(self) -> None:
        self._server.close()

    def _say(self, **request: object) -> None:
        self._server.send(json.dumps(request))


@dataclass
class Figures:
    """Each round's figures by their name; times in milliseconds."""

    found: dict[str, list[float]] = field(default_factory=dict)

    def note(self, name: str, *values: float) -> None:
        self.found.setdefault(name, []).extend(values)


def start(figures: Figures, name: str, command: list[str], words: str, home: Path) -> None:
    """From the command to the last words of its first screen."""
    with terminal(command, home) as shown:
        shown.until(words)
        figures.note(f"{name} start ms", 1000 * (time.perf_counter() - shown.began))


def once(figures: Figures, name: str, command: list[str]) -> None:
    """How long a command takes that prints and ends."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    figures.note(f"{name} ms", 1000 * (time.perf_counter() - began))


def cursor(figures: Figures, name: str, shown: Terminal) -> None:
    """One key after the other that moves the cursor."""
    shown.rest()
    for number in range(KEYS):
        at = shown.press(RIGHT if number % 2 else LEFT)
        sent = shown.next()
        figures.note(f"{name} cursor ms", 1000 * (time.perf_counter() - at))
        sent += shown.rest(0.04)
        figures.note(f"{name} cursor bytes", len(sent))


@contextlib.contextmanager
def game(home: Path, url: str, *options: str) -> Iterator[tuple[Terminal, Opponent]]:
    """A game that has begun, with the player in the terminal to move."""
    with terminal([*GAME, "--url", url, "--name", "Ada", "new", *options], home) as shown:
        code = re.search(r"join ([0-9A-Z]{6})", text_of(shown.until("join ") + shown.rest()))
        if code is None:
            raise SystemExit("no game was started")
        with contextlib.closing(Opponent(url, code[1])) as opponent:
            shown.until("Your turn")
            yield shown, opponent


def moves(figures: Figures, shown: Terminal, opponent: Opponent) -> None:
    """Two moves of each side, none of which ends the game."""
    shown.rest()
    for history, mine, theirs in (("", 4, 0), ("40", 8, 2)):
        at = shown.press(str(mine + 1).encode())
        sent = shown.until("thinking")
        figures.note("own move ms", 1000 * (time.perf_counter() - at))
        figures.note("own move bytes", len(sent + shown.rest()))
        opponent.hears(f"{history}{mine}")
        at = opponent.play(theirs, f"{history}{mine}")
        sent = shown.until("Your turn")
        figures.note("their move ms", 1000 * (time.perf_counter() - at))
        figures.note("their move bytes", len(sent + shown.rest()))


def idle(figures: Figures, name: str, shown: Terminal) -> None:
    """What a screen costs on which nothing happens, except that a clock runs."""
    shown.rest()
    cpu = shown.cpu_seconds
    figures.note(f"{name} idle bytes/s", len(shown.during(IDLE_SECONDS)) / IDLE_SECONDS)
    figures.note(f"{name} idle cpu %", 100 * (shown.cpu_seconds - cpu) / IDLE_SECONDS)


def measured(rounds: int = ROUNDS) -> Figures:
    """All figures, of the game and the smallest app in turn."""
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder, gateway(Path(folder)) as url:
        home = Path(folder)
        lobby = [*GAME, "--url", url]
        for _ in range(rounds):
            start(figures, "nine cells", NINE_CELLS, "Quit", home)
            start(figures, "game", lobby, "Quit", home)
            once(figures, "python", [sys.executable, "-c", "pass"])
            once(figures, "help", [*GAME, "--help"])
        for _ in range(max(1, rounds // 3)):
            with terminal(NINE_CELLS, home) as shown:
                shown.until("Quit")
                cursor(figures, "nine cells", shown)
            with game(home, url) as (shown, opponent):
                cursor(figures, "game", shown)
                moves(figures, shown, opponent)
            with terminal(NINE_CELLS, home) as shown:
                shown.until("Quit")
                idle(figures, "nine cells", shown)
            with game(home, url, "--clock", "600") as (shown, opponent):
                idle(figures, "game", shown)
    return figures


def rows() -> list[Row]:
    found = measured().found
    key, key_bytes = found["nine cells cursor ms"], found["nine cells cursor bytes"]
    return [
        Row(
            what="start to the painted lobby, beside the bare app",
            unit="ms",
            ours=found["game start ms"],
            beside=found["nine cells start ms"],
            most=1.4,
        ),
        Row(
            what="a cursor key to its paint",
            unit="ms",
            ours=found["game cursor ms"],
            beside=key,
            most=1.5,
        ),
        Row(
            what="a cursor key",
            unit="bytes",
            ours=found["game cursor bytes"],
            beside=key_bytes,
        ),
        Row(
            what="own key to the confirmed mark, beside a cursor key",
            unit="ms",
            ours=found["own move ms"],
            beside=key,
        ),
        Row(
            what="an opponent's move to its paint, beside a cursor key",
            unit="ms",
            ours=found["their move ms"],
            beside=key,
        ),
        Row(
            what="an own move, on its way and confirmed, beside a cursor key",
            unit="bytes",
            ours=found["own move bytes"],
            beside=key_bytes,
        ),
        Row(
            what="an opponent's move, beside a cursor key",
            unit="bytes",
            ours=found["their move bytes"],
            beside=key_bytes,
        ),
        Row(
            what="a second with a clock, beside a cursor key",
            unit="bytes",
            ours=found["game idle bytes/s"],
            beside=key_bytes,
        ),
        Row(
            what="a second with a clock, beside the idle app",
            unit="% of a processor",
            ours=found["game idle cpu %"],
            beside=found["nine cells idle cpu %"],
        ),
        Row(
            what="--help, beside a Python that does nothing",
            unit="ms",
            ours=found["help ms"],
            beside=found["python ms"],
        ),
    ]
