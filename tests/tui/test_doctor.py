"""The doctor: each finding says what is, and what to change."""

import contextlib
import errno
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from backend.local.gateway import serve
from shared.constants import CLOCK_WORDS
from tests.backend.memory import MemoryStore
from tui import doctor
from tui.client.state import ClientState, ConnectionStatus
from tui.doctor import (
    Finding,
    Terminal,
    answers,
    examine_server,
    examine_state_folder,
    server_finding,
    settings_findings,
    terminal_findings,
)

GOOD = Terminal(
    interactive=True,
    size=(120, 40),
    encoding="utf-8",
    environment={"TERM": "xterm-256color", "COLORTERM": "truecolor"},
    probe_width=4,
    mouse=True,
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NOUGHTS_TUI_HOME", str(tmp_path))
    return tmp_path


def found(terminal: Terminal, subject: str) -> Finding:
    return next(each for each in terminal_findings(terminal) if each.what.startswith(subject))


def test_a_good_terminal() -> None:
    """Where everything is there, nothing is to be changed."""
    assert [(each.verdict, each.advice) for each in terminal_findings(GOOD)] == [("ok", "")] * 5
    assert str(found(GOOD, "Size")) == "ok   Size: 120 x 40"


@pytest.mark.parametrize(
    ("changes", "subject", "verdict", "advice"),
    [
        ({"size": (39, 40)}, "Size", "bad", "Enlarge it to 40 x 16 or more."),
        ({"size": (60, 20)}, "Size", "ok", "80 x 24 shows a larger board."),
        ({"encoding": "ISO-8859-1"}, "Characters", "note", "Plain characters are drawn"),
        ({"probe_width": 7}, "Characters", "note", "Play with --ascii, or"),
        ({"probe_width": None}, "Characters", "ok", ""),
        ({"mouse": False}, "Mouse", "note", "Every click has a key"),
        ({"mouse": None}, "Mouse", "ok", ""),
        ({"environment": {"TERM": "xterm"}}, "Colours: 16", "note", "TERM=xterm-256color"),
        ({"environment": {"TERM": "a-256color"}}, "Colours: 256", "ok", "If the terminal"),
        ({"environment": {"NO_COLOR": "1"}}, "Colours: none", "ok", ""),
        ({"environment": {"TMUX": "1"}}, "Clipboard", "ok", "tmux needs"),
        ({"environment": {"TERM": "screen"}}, "Clipboard", "note", "tmux does"),
        ({"environment": {"TERM_PROGRAM": "Apple_Terminal"}}, "Clipboard", "note", "Select"),
        ({"interactive": False}, "No full screen", "note", "The game is played line by line"),
        ({"environment": {"TERM": "dumb"}}, "No full screen", "note", "The game is played"),
    ],
)
def test_what_is_to_be_changed(
    changes: dict[str, object], subject: str, verdict: str, advice: str
) -> None:
    """Whatever is missing is named, with what to do about it."""
    finding = found(replace(GOOD, **changes), subject)  # type: ignore[arg-type]  # field names
    assert finding.verdict == verdict
    assert finding.advice.startswith(advice)
    assert bool(finding.advice) == bool(advice)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", (None, None)),
        (b"\x1b[1;5R", (4, None)),
        (b"\x1b[?1006;2$y\x1b[10;9R", (8, True)),
        (b"\x1b[?1006;0$y\x1b[10;5R", (4, False)),
    ],
)
def test_what_a_terminal_answers(answer: bytes, expected: object) -> None:
    """The terminal's own answers tell how wide it draws and whether it has a mouse."""
    assert answers(answer) == expected


def test_settings(home: Path) -> None:
    """A wrong value is bad, a key that means nothing a note."""
    assert [each.verdict for each in settings_findings()] == ["ok"]
    path = home / "config" / "settings.toml"
    path.parent.mkdir()
    path.write_text("what = 1\n")
    assert [each.verdict for each in settings_findings()] == ["ok", "note"]
    path.write_text("bell = 1\n")
    (finding,) = settings_findings()
    assert finding.what == f"{path}: bell: must be true or false."


def test_every_mistake_in_the_settings(home: Path) -> None:
    """The doctor names every mistake and not the first only, and a theme that does not exist."""
    path = home / "config" / "settings.toml"
    path.parent.mkdir()
    path.write_text('bell = 1\nclock = 4\ntheme = "nope"\nurl = "http://x"\nwhat = 1\n')
    assert [(each.verdict, each.what) for each in settings_findings()] == [
        (
            "bad",
            f"{path}: url: 'http://x' is not a server's address, such as wss://example.org/game.",
        ),
        ("bad", f"{path}: bell: must be true or false."),
        ("bad", f"{path}: clock: a clock is {CLOCK_WORDS}."),
        ("note", f"{path}: what is not a setting."),
        ("note", f"{path}: theme: no theme is called nope."),
    ]
    for theme in ("nord", "high-contrast"):
        path.write_text(f'theme = "{theme}"\n')
        assert [each.verdict for each in settings_findings()] == ["ok"]


def test_files(home: Path) -> None:
    """A folder that cannot be written to is bad: games could not be resumed."""
    (finding,) = examine_state_folder()
    assert finding.verdict == "ok"
    assert list((home / "state").iterdir()) == []
    (home / "state").rmdir()
    (home / "state").touch()
    (finding,) = examine_state_folder()
    assert finding.verdict == "bad"
    assert finding.what == f"Files: {home / 'state'}: File exists"


def fail_to_lock(_lock: FileLock, **_how: object) -> None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def lock_without_effect(lock: FileLock, **_how: object) -> object:
    return contextlib.nullcontext(lock)


@pytest.mark.parametrize(
    ("acquire", "why"),
    [(fail_to_lock, "No locks available"), (lock_without_effect, "locks have no effect there")],
)
def test_a_folder_without_locks(
    home: Path, monkeypatch: pytest.MonkeyPatch, acquire: Callable[..., object], why: str
) -> None:
    """A folder on a file system without locks is bad, as the gateway could not start there."""
    monkeypatch.setattr(FileLock, "acquire", acquire)
    if acquire is lock_without_effect:
        monkeypatch.setattr("tui.doctor._locks", lambda _path: False)
    (finding,) = examine_state_folder()
    assert (finding.verdict, finding.what) == ("bad", f"Files: {home / 'state'}: {why}")


def test_damaged_seats(home: Path) -> None:
    """The doctor says that the seats are damaged, and changes nothing."""
    path = home / "state" / "seats.json"
    path.parent.mkdir()
    path.write_text("{")
    _, finding = examine_state_folder()
    assert (finding.verdict, finding.what) == (
        "note",
        f"The saved seats cannot be read: {path} is damaged.",
    )
    assert path.read_text() == "{"


def test_no_folder_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no folder can be found the doctor says what to set."""
    monkeypatch.setenv("NOUGHTS_TUI_HOME", "~nosuch/x")
    for finding in (*settings_findings(), *examine_state_folder()):
        assert finding.verdict == "bad"
        assert "NOUGHTS_TUI_HOME" in finding.what


def test_a_server_out_of_reach() -> None:
    """A server that does not answer is bad, with the reason."""
    state = ClientState(connection=ConnectionStatus.FAILED, failure="Nobody there.")
    finding = server_finding("ws://x", state)
    assert (finding.verdict, finding.what) == ("bad", "Server ws://x: Nobody there.")
    secret = server_finding("wss://ada:secret@example.org/game", state).what
    assert secret == "Server wss://example.org/game: Nobody there."
    assert server_finding(None, ClientState()).what == (
        "Server on this machine: It does not answer."
    )


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serve(MemoryStore()) as gateway:
        yield gateway.url


async def test_a_server_that_answers(url: str) -> None:
    """A server that answers is measured."""
    finding = await examine_server(url)
    assert finding.verdict == "ok"
    assert finding.what.startswith(f"Server {url}: answers in ")


def test_the_whole_report(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report ends with the server; something bad is status 1."""

    async def examine(_url: str | None) -> Finding:
        return Finding("bad", "Server: none")

    monkeypatch.setattr(doctor, "examine_server", examine)
    assert doctor.main(None) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "bad  Server: none"


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of this kind")
def test_a_real_terminal_is_asked() -> None:
    """On a real terminal the doctor asks, understands the answer and leaves nothing behind."""
    import pty  # noqa: PLC0415 (not on Windows)

    master, slave = pty.openpty()

    def terminal() -> None:
        said = b""
        while b"\x1b[6n" not in said:
            said += os.read(master, 1024)
        os.write(master, b"\x1b[?1006;2$y\x1b[1;5R")

    answering = threading.Thread(target=terminal)
    answering.start()
    code = "from tui.doctor import examine_terminal as e; t = e(); print(t.probe_width, t.mouse)"
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        stdin=slave,
        stdout=slave,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TERM": "xterm"},
    )
    answering.join()
    shown = os.read(master, 1024)
    os.close(master)
    os.close(slave)
    assert shown.endswith(b"\r\x1b[K4 True\r\n")
