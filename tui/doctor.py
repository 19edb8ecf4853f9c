"""What this terminal and this connection can do, and what to change.

Findings are pure functions of what was looked at; `examine` looks. No Textual.
"""

import asyncio
import contextlib
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from filelock import FileLock, Timeout

from tui.client.address import public_url
from tui.client.client import Client
from tui.client.seats import Seats
from tui.client.state import ClientState, ConnectionStatus
from tui.embedded import ensure
from tui.files import replace_file
from tui.folders import NoFolder, state_folder
from tui.options import OWN_THEMES
from tui.settings import read, settings_path
from tui.terminal import no_colour, real_size
from tui.words.phrases import LEAST_SIZE

Verdict = Literal["ok", "note", "bad"]

GOOD_SIZE: Final = (80, 24)

_SERVER_SECONDS: Final = 15.0
_ANSWER_SECONDS: Final = 0.4
# Terminals disagree on the widths of such as these: presence, a block, a corner of a box.
_PROBES: Final = "●█╭○"
_CURSOR: Final = re.compile(rb"\x1b\[(\d+);(\d+)R")
_MODE: Final = re.compile(rb"\x1b\[\?1006;([0-4])\$y")


@dataclass(frozen=True, slots=True)
class Finding:
    """``advice`` is what to change; ``bad`` is what keeps one from playing."""

    verdict: Verdict
    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.verdict:5}{self.what}" + (f"\n     {self.advice}" if self.advice else "")


@dataclass(frozen=True, slots=True)
class Terminal:
    """What could be learned of a terminal; None is what it did not say."""

    interactive: bool
    size: tuple[int, int]
    encoding: str
    environment: Mapping[str, str]
    probe_width: int | None = None
    mouse: bool | None = None


def terminal_findings(terminal: Terminal) -> Iterator[Finding]:
    """What the terminal can do, from the most to the least important."""
    if not terminal.interactive or terminal.environment.get("TERM") == "dumb":
        yield Finding(
            "note", "No full screen here", "The game is played line by line, as with --plain."
        )
        return
    yield _size(*terminal.size)
    yield _colours(terminal.environment)
    yield _characters(terminal)
    yield _mouse(terminal)
    yield _clipboard(terminal.environment)


def _size(width: int, height: int) -> Finding:
    what = f"Size: {width} x {height}"
    if width < LEAST_SIZE[0] or height < LEAST_SIZE[1]:
        return Finding("bad", what, f"Enlarge it to {LEAST_SIZE[0]} x {LEAST_SIZE[1]} or more.")
    if width < GOOD_SIZE[0] or height < GOOD_SIZE[1]:
        return Finding("ok", what, f"{GOOD_SIZE[0]} x {GOOD_SIZE[1]} shows a larger board.")
    return Finding("ok", what)


def _colours(environment: Mapping[str, str]) -> Finding:
    if no_colour(environment):
        return Finding("ok", "Colours: none, as NO_COLOR asks")
    if environment.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return Finding("ok", "Colours: 16 million")
    if "256color" in environment.get("TERM", ""):
        advice = "If the terminal can do more, set COLORTERM=truecolor."
        return Finding("ok", "Colours: 256", advice)
    return Finding("note", "Colours: 16", "TERM=xterm-256color shows more in most terminals.")


def _characters(terminal: Terminal) -> Finding:
    if terminal.encoding.lower().replace("-", "") != "utf8":
        what = f"Characters: {terminal.encoding}, not UTF-8"
        advice = "Plain characters are drawn, as with --ascii; a UTF-8 locale in LANG shows more."
        return Finding("note", what, advice)
    if terminal.probe_width is None:
        return Finding("ok", "Characters: UTF-8; the terminal did not say how wide it draws them")
    if terminal.probe_width != len(_PROBES):
        what = f"Characters: UTF-8, but {_PROBES} takes {terminal.probe_width} columns"
        advice = "Play with --ascii, or let the terminal draw ambiguous characters narrow."
        return Finding("note", what, advice)
    return Finding("ok", "Characters: UTF-8, each as wide as it should be")


def _mouse(terminal: Terminal) -> Finding:
    if terminal.mouse is None:
        return Finding("ok", "Mouse: the terminal did not say; every click has a key")
    if terminal.mouse:
        return Finding("ok", "Mouse: reported")
    return Finding("note", "Mouse: not reported", "Every click has a key: ? lists them.")


def _clipboard(environment: Mapping[str, str]) -> Finding:
    if environment.get("TERM_PROGRAM") == "Apple_Terminal":
        advice = "Select the game's code with the mouse instead; iTerm2 and others can copy."
        return Finding("note", "Clipboard: this terminal ignores programs that copy", advice)
    if environment.get("TMUX"):
        return Finding("ok", "Clipboard: through tmux", "tmux needs: set -g set-clipboard on")
    if environment.get("TERM", "").startswith("screen"):
        return Finding("note", "Clipboard: GNU screen does not pass it on", "tmux does.")
    return Finding("ok", "Clipboard: asked by OSC 52, which most terminals obey")


def python_finding() -> Finding:
    versions = []
    for package in ("noughts-tui", "textual", "websockets"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions.append(f"{package} {metadata.version(package)}")
    python = ".".join(map(str, sys.version_info[:3]))
    return Finding("ok", f"Python {python}: {', '.join(versions)}")


def settings_findings() -> Iterator[Finding]:
    """Whether the settings can be used: every mistake, and the theme that they name."""
    try:
        path = settings_path()
    except NoFolder as error:
        yield Finding("bad", str(error))
        return
    found = read(path)
    for mistake in found.mistakes:
        yield Finding("bad", mistake, "Correct the value or remove the line.")
    if not found.mistakes:
        yield Finding("ok", f"Settings: {path}{'' if path.exists() else ' (none yet)'}")
    for warning in found.warnings:
        yield Finding("note", warning)
    theme = found.settings.theme
    if theme and not _theme_exists(theme):
        advice = f"The game's own are {', '.join(OWN_THEMES)}; t in the lobby shows all."
        yield Finding("note", f"{path}: theme: no theme is called {theme}.", advice)


def _theme_exists(name: str) -> bool:
    if name in OWN_THEMES:
        return True
    from tui.themes import exists  # noqa: PLC0415 (loads Textual)

    return exists(name)


def server_finding(url: str | None, state: ClientState) -> Finding:
    """Whether the server answers, how fast, and if not why."""
    where = public_url(url) if url else "on this machine"
    if state.connection is ConnectionStatus.ONLINE and state.latency_ms is not None:
        return Finding("ok", f"Server {where}: answers in {state.latency_ms or 'less than 1'} ms")
    why = state.failure or "It does not answer."
    advice = "Check the address (--url, WEBSOCKET_URL, settings) and the network." if url else ""
    return Finding("bad", f"Server {where}: {why}", advice)


async def examine_server(url: str | None) -> Finding:
    """Opens a connection as the game does and measures it."""
    answered = asyncio.Event()

    async with Client(url or ensure, Seats(None)) as client:

        def listen(state: ClientState, _happening: object) -> None:
            if state.latency_ms is not None or state.connection is ConnectionStatus.FAILED:
                answered.set()

        client.subscribe(listen)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SERVER_SECONDS):
                await answered.wait()
        return server_finding(url, client.state)


def examine_state_folder() -> Iterator[Finding]:
    """Whether seats can be saved, so that a game survives its terminal: by doing what saving does.

    A file is written and replaced, and a lock is taken that nobody else can take meanwhile.
    """
    advice = "Without it a game cannot be resumed; NOUGHTS_TUI_HOME names another folder."
    try:
        folder = state_folder()
    except NoFolder as error:
        yield Finding("bad", f"Files: {error}")
        return
    probe = folder / f".doctor-{os.getpid()}"
    try:
        replace_file(probe, "")
        replace_file(probe, "")
        locked = _locks(probe)
    except OSError as error:
        yield Finding("bad", f"Files: {folder}: {error.strerror or error}", advice)
        return
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
    if not locked:
        yield Finding("bad", f"Files: {folder}: locks have no effect there", advice)
        return
    yield Finding("ok", f"Files: {folder}")
    seats = Seats(folder, puts_aside=False)
    seats.offered("")
    if seats.warning:
        yield Finding("note", seats.warning)


def _locks(path: Path) -> bool:
    """Whether a lock on a file keeps others from it.

    Raises:
        OSError: there are no locks.
    """
    with FileLock(path).acquire(blocking=False):
        try:
            FileLock(path).acquire(blocking=False).lock.release()
        except Timeout:
            return True
    return False


def examine_terminal() -> Terminal:
    """Asks the terminal, where there is one that may be asked."""
    drawn = sys.stdout is not None and sys.stdout.isatty()
    interactive = drawn and sys.stdin is not None and sys.stdin.isatty()
    asked = interactive and os.environ.get("TERM") != "dumb" and sys.platform != "win32"
    size = real_size() or shutil.get_terminal_size() if drawn else os.terminal_size((0, 0))
    width, mouse = _ask(sys.stdin.fileno()) if asked else (None, None)
    return Terminal(
        interactive=interactive,
        size=(size.columns, size.lines),
        encoding=getattr(sys.stdout, "encoding", None) or "ascii",
        environment=dict(os.environ),
        probe_width=width,
        mouse=mouse,
    )


def _ask(descriptor: int) -> tuple[int | None, bool | None]:
    """How wide the terminal draws our characters, and whether it knows SGR mouse reports."""
    import termios  # noqa: PLC0415 (not on Windows)
    import tty  # noqa: PLC0415 (not on Windows)

    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        # Mode first: the answer about the cursor comes from every terminal, and ends the waiting.
        os.write(sys.stdout.fileno(), f"\x1b[?1006$p\r{_PROBES}\x1b[6n".encode())
        answer = _read_until(descriptor, _CURSOR)
        os.write(sys.stdout.fileno(), b"\r\x1b[K")
    finally:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)
    return answers(answer)


def answers(answer: bytes) -> tuple[int | None, bool | None]:
    """The width of the probes and whether there is a mouse, as a terminal answered."""
    cursor, mode = _CURSOR.search(answer), _MODE.search(answer)
    width = None if cursor is None else int(cursor[2]) - 1
    return width, None if mode is None else mode[1] != b"0"


def _read_until(descriptor: int, ending: re.Pattern[bytes]) -> bytes:
    import select  # noqa: PLC0415 (not for terminals on Windows)

    answer = b""
    give_up = time.monotonic() + _ANSWER_SECONDS
    while not ending.search(answer) and (left := give_up - time.monotonic()) > 0:
        if select.select([descriptor], [], [], left)[0]:
            answer += os.read(descriptor, 256)
    return answer


def main(url: str | None) -> int:
    """Prints every finding; 1 when something keeps one from playing. None is this machine."""
    findings = [python_finding(), *settings_findings(), *examine_state_folder()]
    findings += terminal_findings(examine_terminal())
    for finding in findings:
        print(finding, flush=True)  # noqa: T201 (a report)
    server = asyncio.run(examine_server(url))
    print(server)  # noqa: T201 (a report)
    return int(any(finding.verdict == "bad" for finding in [*findings, server]))
