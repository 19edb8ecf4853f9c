"""The command line: what it opens, what wins over what, and how it fails."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tui import __main__ as program
from tui.__main__ import main
from tui.client.errors import Unreachable
from tui.options import (
    OWN_THEMES,
    JoinGame,
    Opening,
    Options,
    PlayComputer,
    ShowLobby,
    ShowReplay,
    StartGame,
    WatchGame,
)
from tui.own_command import python_command
from tui.terminal import TAB_DRIVER


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NOUGHTS_TUI_HOME", str(tmp_path))
    monkeypatch.delenv("WEBSOCKET_URL", raising=False)
    return tmp_path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    """What would have been opened."""
    found: list[Options] = []

    def note(options: Options, *, plain: bool) -> int:
        found.append(options)
        return 0

    monkeypatch.setattr(program, "_open", note)
    return found


def write_settings(home: Path, text: str) -> Path:
    path = home / "config" / "settings.toml"
    path.parent.mkdir()
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("line", "opening"),
    [
        ("", ShowLobby()),
        ("new", StartGame()),
        ("new --listed --mark o --clock 30", StartGame(mark="o", listed=True, clock=30)),
        ("join k7q-f2m", JoinGame("K7QF2M")),
        ("join --id K7QF2M", JoinGame("K7QF2M")),
        ("watch K7QFIL", WatchGame("K7QF11")),
        ("practice", PlayComputer("medium")),
        ("practice --level perfect", PlayComputer("perfect")),
        ("replay r-oo-ol", ShowReplay("R-0001")),
    ],
)
def test_what_is_opened(opened: list[Options], line: str, opening: Opening) -> None:
    """Each command opens its screen; codes are forgiven as people write them."""
    assert main(line.split()) == 0
    assert opened == [Options(opening=opening)]


@pytest.mark.parametrize("line", ["--numpad new", "new --numpad"])
def test_a_number_pad(opened: list[Options], line: str) -> None:
    """Digits as on a number pad can be asked for on the command line, before or after a command."""
    assert main(line.split()) == 0
    assert opened == [Options(opening=StartGame(), numpad=True)]


def test_what_wins(opened: list[Options], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line wins over the environment, and that over the settings file."""
    path = write_settings(
        home, 'url = "ws://settings"\nname = "Ada"\nclock = 60\ntheme = "night"\nwhat = 1\n'
    )
    main([])
    monkeypatch.setenv("WEBSOCKET_URL", "ws://environment/prod/")
    main(["new"])
    main(["--url", "ws://option", "--theme", "day", "new", "--clock", "0", "--name", " B "])
    warnings = (f"{path}: what is not a setting.",)
    theme = "night"
    assert opened == [
        Options(url="ws://settings", name="Ada", clock=60, theme=theme, warnings=warnings),
        Options(
            url="ws://environment/prod",
            name="Ada",
            clock=60,
            theme=theme,
            opening=StartGame(clock=60),
            warnings=warnings,
        ),
        Options(
            url="ws://option",
            name="B",
            clock=60,
            theme="day",
            opening=StartGame(clock=0),
            warnings=warnings,
        ),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("join", "one of the arguments CODE --id is required"),
        ("join K7QF2M --id K7QF2M", "not allowed with argument"),
        ("join HELLOU", "'HELLOU' is no game code: a code has 6 letters and digits, without U"),
        ("new --clock 4", "'4' is no clock: 5 to 600 seconds a move, or 0 for none"),
        ("new --clock soon", "'soon' is no clock"),
        ("new --mark z", "invalid choice: 'z'"),
        ("--url http://x", "'http://x' is not a server's address"),
        ("--url ws://x:99999", "'ws://x:99999' is not a server's address"),
        ("serve --port 70000", "'70000' is no port"),
        ("serve --rate fast", "'fast' is not a number from 0"),
        ("practice --level hard", "invalid choice: 'hard'"),
        ("replay R-ZZZZ", "'R-ZZZZ' is no replay code: no game has this code"),
        ("web --plain", "web draws the full screen in a browser; --plain is for a terminal"),
        ("--plain web", "web draws the full screen in a browser; --plain is for a terminal"),
        ("dance", "invalid choice: 'dance'"),
        ("jion K7QF2M", "did you mean join?"),
        ("JOIN K7QF2M", "did you mean join?"),
        ("servre --port 1", "did you mean serve?"),
        ("--clock 3", "--clock belongs to new: noughts-tui new --clock …"),
        ("--clock 30 new", "--clock belongs to new: noughts-tui new --clock …"),
        ("--level=easy practice", "--level belongs to practice: noughts-tui practice --level …"),
        ("practice --listed", "--listed belongs to new: noughts-tui new --listed …"),
        ("--port 80", "--port belongs to serve and web: noughts-tui serve --port …"),
        ("new --clok 30", "did you mean --clock?"),
        ("--urll=ws://x join K7QF2M", "did you mean --url?"),
        ("K7QF2M", "did you mean noughts-tui join K7QF2M?"),
        ("R-7K2Q", "did you mean noughts-tui replay R-7K2Q?"),
        ("join R-7K2Q", "this is the code of a replay: noughts-tui replay R-7K2Q"),
        (
            "replay k7q-f2m",
            "this is the code of a game: noughts-tui join K7QF2M, or noughts-tui watch K7QF2M",
        ),
    ],
)
def test_a_wrong_line(capsys: pytest.CaptureFixture[str], line: str, said: str) -> None:
    """A command line with a mistake in it ends with status 2 and says what is wrong."""
    with pytest.raises(SystemExit) as caught:
        main(line.split())
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("line", ["--clock 3", "--clock 3 new", "--level easy practice"])
def test_an_option_that_is_not_known_is_what_is_told(
    capsys: pytest.CaptureFixture[str], line: str
) -> None:
    """The value of an option that is unknown here is not taken for a mistyped command."""
    with pytest.raises(SystemExit):
        main(line.split())
    said = capsys.readouterr().err
    assert f"'{line.split()[1]}'" not in said
    assert "did you mean" not in said


def test_the_help_names_the_themes(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever wants other colours reads in the help which there are."""
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert [theme for theme in OWN_THEMES if theme not in told] == []


@pytest.mark.parametrize("encoding", ["ascii", "iso8859-1"])
def test_a_terminal_that_lacks_a_character(encoding: str) -> None:
    """What a terminal's encoding lacks is a question mark there, in the help and in a mistake."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    for words, status in ((["--help"], 0), (["--clock", "3"], 2)):
        ran = subprocess.run(
            python_command(*words), env=environment, capture_output=True, check=False
        )
        assert ran.returncode == status
        assert b"Traceback" not in ran.stderr
        assert b"?" in ran.stdout + ran.stderr


@pytest.mark.parametrize("url", ["ws://x/a b", "ws://x y/", "ws://x\u3000y/"])
def test_an_address_in_two_words(capsys: pytest.CaptureFixture[str], url: str) -> None:
    """An address has no spaces in it."""
    with pytest.raises(SystemExit):
        main(["--url", url])
    assert "is not a server's address" in capsys.readouterr().err


def test_a_wrong_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong WEBSOCKET_URL is named."""
    monkeypatch.setenv("WEBSOCKET_URL", "example.org")
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    assert "WEBSOCKET_URL: 'example.org' is not a server's address" in capsys.readouterr().err


def test_a_failure_is_one_line(
    capsys: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure is one line on stderr and status 1."""
    path = write_settings(home, "bell = 1\n")
    assert main([]) == 1
    assert capsys.readouterr().err == f"noughts-tui: {path}: bell: must be true or false.\n"
    path.unlink()

    def fail(_options: Options, *, plain: bool) -> int:
        raise Unreachable("Nothing listens at the server's address.")

    monkeypatch.setattr(program, "_open", fail)
    assert main([]) == 1
    assert capsys.readouterr().err == "noughts-tui: Nothing listens at the server's address.\n"


@pytest.mark.parametrize(
    ("theme", "said"),
    [
        ("nope", "noughts-tui: No theme is called nope (--theme, or theme in {path}).\n"),
        ("nord", ""),
        ("high-contrast", ""),
    ],
)
def test_warnings_line_by_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
    theme: str,
    said: str,
) -> None:
    """Line by line, too, a key that means nothing and a theme that does not exist are named."""
    monkeypatch.setattr("sys.stdin", None)
    path = write_settings(home, f'what = 1\ntheme = "{theme}"\n')
    assert main(["--plain", "replay", "R-0001"]) == 0
    warned = f"noughts-tui: {path}: what is not a setting.\n"
    assert capsys.readouterr().err == warned + said.format(path=path)


def test_a_failure_is_said_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line by line a server that is none is told of in one line, on stderr."""
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setenv("NOUGHTS_TUI_PORT", "none")
    assert main(["--plain"]) == 1
    assert capsys.readouterr() == (
        "",
        "noughts-tui: NOUGHTS_TUI_PORT is 'none', which is no port.\n",
    )


def test_serve_is_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """`serve` becomes the gateway, so that signals and exit status are the gateway's own."""
    run: list[list[str]] = []

    def execute(_path: str, command: list[str]) -> int:
        run.append(command)
        return 0

    monkeypatch.setattr("os.execv", execute)
    line = (
        "serve --host 0.0.0.0 --port 9000 --data games --idle-exit 5 --rate 0 --chaos 7"
        " --allow-origin https://a --allow-origin https://b"
    )
    main(line.split())
    main(["serve"])
    gateway = python_command("-m", "backend.local")
    assert run == [
        [
            *gateway,
            *("--host=0.0.0.0", "--port=9000", "--data=games", "--idle-exit=5.0"),
            *("--allow-origin=https://a", "--allow-origin=https://b"),
            *("--rate=0.0", "--chaos=7"),
        ],
        gateway,
    ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "tcsh"])
def test_completion(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    """The completion of each shell knows the commands and the themes."""
    assert main(["completion", shell]) == 0
    told = capsys.readouterr().out
    assert "watch" in told
    assert "colour-blind-safe" in told
    assert "dracula" in told


def test_completion_of_folders_and_files(capsys: pytest.CaptureFixture[str]) -> None:
    """Where a folder or a file is wanted, the shell completes those."""
    main(["completion", "bash"])
    told = capsys.readouterr().out
    assert re.search(r"_serve___data_COMPGEN=\S*compgen_dirs", told)
    assert re.search(r"_serve___certificate_COMPGEN=\S*compgen_files", told)
    assert re.search(r"_conformance___junit_COMPGEN=\S*compgen_files", told)


def test_help_is_quick() -> None:
    """`--help` shows examples and loads neither the app nor a websocket library."""
    code = (
        "import sys; from tui.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name in {'textual', 'websockets', 'msgspec'}])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert "noughts-tui join K7QF2M" in ran.stdout
    assert ran.stdout.endswith("[]\n")


def test_the_doctor_looks_at_the_server_that_would_be_used(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor examines the server that the game would use, even with broken settings."""
    looked: list[str | None] = []

    def examine(url: str | None) -> int:
        looked.append(url)
        return 0

    monkeypatch.setattr("tui.doctor.main", examine)
    path = write_settings(home, 'url = "ws://settings"\n')
    main(["doctor"])
    path.write_text("bell = 1\n")
    main(["doctor"])
    monkeypatch.setenv("WEBSOCKET_URL", "ws://environment")
    main(["doctor"])
    main(["doctor", "--url", "ws://option"])
    assert looked == ["ws://settings", None, "ws://environment", "ws://option"]


def test_the_web_is_the_same_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each browser tab runs this program with what was asked for, on loopback unless told."""
    served: list[tuple[Sequence[str], str, int]] = []

    def serve(words: Sequence[str], host: str, port: int) -> int:
        served.append((words, host, port))
        return 0

    monkeypatch.setattr("tui.web.server.main", serve)
    main(["web", "--port", "9000", "--name", "Ada B", "--url", "ws://x", "--ascii", "--numpad"])
    main(["web"])
    program = python_command()
    assert served == [
        (
            [*program, "--url", "ws://x", "--name", "Ada B", "--ascii", "--numpad"],
            *("127.0.0.1", 9000),
        ),
        (program, "127.0.0.1", 8003),
    ]


@pytest.mark.parametrize(
    ("environment", "terminal", "expected"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": "xterm"}, False, False),
        ({"TEXTUAL_DRIVER": TAB_DRIVER}, False, True),
        ({"TEXTUAL_DRIVER": "nonsense"}, False, False),
    ],
)
def test_where_a_full_screen_can_be_drawn(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], terminal: bool, expected: bool
) -> None:
    """Pipes and dumb terminals are played line by line, without being asked."""
    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for stream in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(getattr(sys, stream), "isatty", lambda: terminal, raising=False)
    assert program._is_terminal() is expected


@pytest.mark.parametrize(
    ("environment", "encoding", "plain_characters"),
    [
        ({}, "utf-8", False),
        ({}, "UTF8", False),
        ({}, "iso-8859-1", True),
        ({}, "ascii", True),
        ({"TEXTUAL_DRIVER": TAB_DRIVER}, "ascii", False),
    ],
)
def test_a_terminal_that_cannot_draw_everything(
    opened: list[Options],
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    encoding: str,
    plain_characters: bool,
) -> None:
    """Where the terminal does not take UTF-8 plain characters are drawn, without being asked."""
    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(program, "_is_terminal", lambda: True)
    monkeypatch.setattr("sys.__stderr__", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    main([])
    assert [options.ascii for options in opened] == [plain_characters]


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe of this kind")
@pytest.mark.parametrize("command", [["completion", "bash"], ["doctor"]])
def test_a_reader_who_has_gone(home: Path, command: list[str]) -> None:
    """Who reads only the first lines, or none, gets no traceback for it."""
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [sys.executable, "-m", "tui", "--url", "ws://127.0.0.1:1", *command],
        check=False,
        stdout=writing,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (1, b"")
