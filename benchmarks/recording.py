"""Records a game of two real terminals over a real gateway: ``make recording``.

Run as ``python -m benchmarks.recording [FILE]`` from the project's folder. What is written is an
asciicast, version 2: what the first of the two terminals drew, and when.
"""

import codecs
import contextlib
import fcntl
import json
import os
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

SIZE: Final = (80, 24)
_TOGETHER_SECONDS: Final = 0.03
_PATIENCE_SECONDS: Final = 30
_TOKEN: Final = re.compile(
    r"\x1b\[(?P<parameters>[0-?]*)[ -/]*(?P<final>[@-~])|\x1b\].*?(?:\x07|\x1b\\)|\x1b.|.",
    re.DOTALL,
)


class Terminal:
    """The program in a terminal of its own; keeps what was drawn, and when."""

    def __init__(self, environment: Mapping[str, str], *arguments: str) -> None:
        self.descriptor, inner = os.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("4H", *reversed(SIZE), 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tui", *arguments],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env=dict(environment),
            start_new_session=True,
        )
        os.close(inner)
        self.drawn: list[tuple[float, str]] = []
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._seen = 0

    @property
    def text(self) -> str:
        """All that was drawn, without control sequences."""
        drawn = "".join(text for _, text in self.drawn)
        return "".join(token[0] for token in _TOKEN.finditer(drawn) if token[0][0] != "\x1b")

    def press(self, keys: str) -> None:
        os.write(self.descriptor, keys.encode())

    def read(self) -> None:
        with contextlib.suppress(OSError):  # the program has ended
            text = self._decode(os.read(self.descriptor, 65536))
            self.drawn.append((time.monotonic(), text))

    def find(self, pattern: str) -> re.Match[str] | None:
        """What was drawn since the last that was found."""
        found = re.compile(pattern).search(self.text, self._seen)
        self._seen = found.end() if found else self._seen
        return found

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self.descriptor)


class Stage:
    """Both terminals, whose drawings are read whenever somebody waits."""

    def __init__(self) -> None:
        self.terminals: list[Terminal] = []

    def wait(self, seconds: float) -> None:
        """Time in which people look, think and press keys."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            descriptors = {each.descriptor: each for each in self.terminals}
            for ready in select.select(list(descriptors), [], [], left)[0]:
                descriptors[ready].read()

    def until(self, terminal: Terminal, pattern: str) -> re.Match[str]:
        end = time.monotonic() + _PATIENCE_SECONDS
        while (found := terminal.find(pattern)) is None:
            self.wait(0.05)
            if time.monotonic() > end:
                raise SystemExit(f"{pattern!r} was not drawn, but {terminal.text[-2000:]!r}")
        return found


@contextlib.contextmanager
def gateway(folder: str) -> Iterator[str]:
    """The port of a gateway that runs meanwhile."""
    command = [sys.executable, "-m", "backend.local", "--port", "0", "--data", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 (as Popen is typed)
        try:
            yield process.stdout.readline().strip().rpartition(":")[2]
        finally:
            process.terminate()


def play(stage: Stage, home: Mapping[str, str], away: Mapping[str, str]) -> Terminal:
    """Ada opens the lobby and starts a game, Bob joins, Ada wins and looks at it again."""
    ada = Terminal(home, "--name", "Ada")
    stage.terminals.append(ada)
    stage.until(ada, "New game")
    stage.wait(2)
    ada.press("n")
    stage.until(ada, "Start")
    stage.wait(1.5)
    ada.press("\r")
    code = stage.until(ada, r"join (\w{6})")[1]
    stage.wait(2.5)
    bob = Terminal(away, "--name", "Bob", "join", code)
    stage.terminals.append(bob)
    for mover, digit in zip((ada, bob) * 4, "5291376", strict=False):
        stage.until(mover, "Your turn")
        stage.wait(1.2)
        mover.press(digit)
        stage.until(mover, "is thinking|You win")
    stage.wait(4)
    ada.press("v")
    stage.until(ada, "Previous")
    for key in ("\x1b[H", *["\x1b[C"] * 7):
        stage.wait(0.8)
        ada.press(key)
    stage.wait(2.5)
    return ada


class Picture:
    """What a terminal shows: enough of one for what Textual writes."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], tuple[str, str]] = {}
        self._row, self._column, self._style = 1, 1, ""

    def draw(self, text: str) -> str:
        """Draws it, and answers a shorter text that changes the same cells."""
        before = dict(self.cells)
        for token in _TOKEN.finditer(text):
            self._take(token)
        changed = sorted(at for at, cell in self.cells.items() if before.get(at) != cell)
        shorter, following, style = "", None, ""
        for row, column in changed:
            wanted, character = self.cells[row, column]
            if (row, column) != following:
                shorter += f"\x1b[{row};{column}H"
            if wanted != style:
                shorter += f"\x1b[0;{wanted}m"
            shorter += character
            following, style = (row, column + 1), wanted
        return shorter

    def _take(self, token: re.Match[str]) -> None:
        match token["final"], token["parameters"]:
            case "m", style:
                self._style = "" if style == "0" else style
            case "H", place:
                row, _, column = place.partition(";")
                self._row, self._column = int(row or 1), int(column or 1)
            case None, _ if token[0] == "\n":
                self._row += 1
            case None, _ if token[0] == "\r":
                self._column = 1
            case None, _ if token[0].isprintable():
                self.cells[self._row, self._column] = self._style, token[0]
                self._column += 1


def asciicast(drawn: list[tuple[float, str]]) -> str:
    """The drawings as a file: what follows at once as one, and only what it changes."""
    events: list[tuple[float, str]] = []
    for moment, text in drawn:
        if events and moment - events[-1][0] < _TOGETHER_SECONDS:
            events[-1] = (events[-1][0], events[-1][1] + text)
        else:
            events.append((moment, text))
    header = {"version": 2, "width": SIZE[0], "height": SIZE[1], "title": "noughts-tui"}
    lines: list[object] = [header, [0, "o", "\x1b[?25l\x1b[2J"]]
    picture = Picture()
    for moment, text in events:
        if changes := picture.draw(text):
            lines.append([round(moment - drawn[0][0], 2), "o", changes])
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)


def main(file: str = "docs/game.cast") -> None:
    """A recording, in the file."""
    with tempfile.TemporaryDirectory() as folder, gateway(folder) as port:
        environment = {
            **{name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ},
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "NOUGHTS_TUI_PORT": port,
        }
        homes = [{**environment, "NOUGHTS_TUI_HOME": f"{folder}/{name}"} for name in "ab"]
        stage = Stage()
        try:
            ada = play(stage, *homes)
        finally:
            for terminal in stage.terminals:
                terminal.close()
        text = asciicast(ada.drawn)
    Path(file).write_text(text, encoding="utf-8")
    print(f"{file}: {len(text.encode()) // 1024} KB, {ada.drawn[-1][0] - ada.drawn[0][0]:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
