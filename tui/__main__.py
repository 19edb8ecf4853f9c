"""The command line. Imports the app late, so that ``--help`` and ``serve`` are quick."""

import argparse
import codecs
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import TextIOWrapper
from typing import TYPE_CHECKING, Final, TextIO

from shared import serve_options
from tui import arguments, terminal
from tui.client.address import check_url
from tui.client.errors import Unreachable
from tui.folders import NoFolder
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
from tui.settings import BadSettings, Settings, load, read, settings_path

if TYPE_CHECKING:
    from tui.app import NoughtsApp

_SIGNALLED: Final = 128
_INTERRUPTED: Final = _SIGNALLED + signal.SIGINT
_END_SECONDS: Final = 5
# A move and its confirmation are two paints, and Textual lets up to two frames pass between them.
_FRAMES: Final = "120"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns the exit status: 1 for a failure, said in one line.

    Raises:
        SystemExit: with status 2, when the command line itself is wrong.
    """
    # What a library logs must not be written over the screen.
    logging.getLogger().addHandler(logging.NullHandler())
    _write_in_any_encoding()
    parser = arguments.parser()
    try:
        found = parser.parse_args(argv)
        status = _COMMANDS.get(found.command, _play)(parser, found)
        _flush()
    except (BadSettings, NoFolder, Unreachable) as error:
        print(f"noughts-tui: {error}", file=sys.stderr)  # noqa: T201 (a command line)
        return 1
    except BrokenPipeError:
        _read_by_nobody(sys.stdout)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return status


def _flush() -> None:
    """Writes what was printed.

    Raises:
        BrokenPipeError: whoever read us is gone.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is None:
            continue
        try:
            stream.flush()
        except BrokenPipeError:
            raise
        except OSError:  # a terminal that is gone; the command itself has done what it should
            _read_by_nobody(stream)


def _read_by_nobody(stream: TextIO) -> None:
    """Lets what is still to be written go nowhere: Python fails at its end where it cannot."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _write_in_any_encoding() -> None:
    """Lets what a terminal's encoding does not have be a question mark there."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _play(parser: argparse.ArgumentParser, found: argparse.Namespace) -> int:
    options = _options(parser, found)
    plain = bool(found.plain) or not _is_terminal()
    if not plain and not _draws_unicode():
        options = replace(options, ascii=True)
    return _open(options, plain=plain)


def _is_terminal() -> bool:
    """Whether a full screen can be drawn; else the game is played line by line."""
    if terminal.in_browser():
        return True
    # The app draws on standard error.
    streams = (sys.stdin, sys.stdout, sys.stderr)
    drawn = all(stream is not None and stream.isatty() for stream in streams)
    return drawn and os.environ.get("TERM") != "dumb"


def _draws_unicode() -> bool:
    if terminal.in_browser():
        return True
    encoding = getattr(sys.__stderr__, "encoding", None) or "ascii"
    return codecs.lookup(encoding).name == "utf-8"


def _open(options: Options, *, plain: bool) -> int:
    if plain:
        from tui.plain import line_mode  # noqa: PLC0415 (what is not used is not loaded)

        for warning in (*options.warnings, *_unknown_theme(options.theme)):
            print(f"noughts-tui: {warning}", file=sys.stderr)  # noqa: T201 (a command line)
        return line_mode.main(options)
    terminal.prepare()
    app = _app(options)
    import asyncio  # noqa: PLC0415 (the app needs it, the other commands do not)

    asyncio.run(_run(app))
    if not terminal.in_browser():  # whose output goes to a browser
        with contextlib.suppress(OSError):  # of a terminal that is gone
            for sentence in app.last_words:
                print(sentence, flush=True)  # noqa: T201 (the screen is gone)
    return app.return_code or 0


def _app(options: Options) -> "NoughtsApp":
    """The app, loaded in one go: what is loaded stays, and is not looked through for garbage."""
    os.environ.setdefault("TEXTUAL_FPS", _FRAMES)
    gc.disable()
    from tui.app import create_app  # noqa: PLC0415 (the slow half of the program)

    app = create_app(options)
    gc.freeze()
    gc.enable()
    return app


async def _run(app: "NoughtsApp") -> None:
    """Runs the app, which leaves the terminal as it was when it is told to end."""

    def end(number: int) -> None:
        signal.alarm(_END_SECONDS)  # an app whose terminal is gone may hang instead
        app.exit(return_code=_SIGNALLED + number)

    import asyncio  # noqa: PLC0415 (as above)

    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, end, number)
    await app.run_async()


def _unknown_theme(asked: str | None) -> Iterator[str]:
    """What the app says by itself, where there is none."""
    if asked is None or asked in OWN_THEMES:
        return
    from tui.themes import exists  # noqa: PLC0415 (loads Textual)

    if not exists(asked):
        yield f"No theme is called {asked} (--theme, or theme in {settings_path()})."


def _serve(parser: argparse.ArgumentParser, found: argparse.Namespace) -> int:
    from tui import embedded  # noqa: PLC0415 (for this one command)

    command = embedded.command(*serve_options.words(serve_options.read(found, parser)))
    if sys.platform == "win32":
        import subprocess  # noqa: PLC0415 (where the process cannot be replaced)

        with contextlib.suppress(KeyboardInterrupt):
            return subprocess.call(command)  # noqa: S603 (our own command)
        return 0
    # The gateway itself is to get the signals.
    return os.execv(command[0], command)  # noqa: S606 (no shell is wanted)


def _doctor(parser: argparse.ArgumentParser, found: argparse.Namespace) -> int:
    from tui import doctor  # noqa: PLC0415 (for this one command)

    settings_url = None
    with contextlib.suppress(NoFolder):  # which the doctor reports
        settings_url = read().settings.url
    return doctor.main(found.url or _environment_url(parser) or settings_url)


def _web(parser: argparse.ArgumentParser, found: argparse.Namespace) -> int:
    from tui.web import server  # noqa: PLC0415 (for this one command)

    if found.plain:
        parser.error("web draws the full screen in a browser; --plain is for a terminal")
    _options(parser, found)  # what is wrong is said here, and not in every tab
    words = python_command()
    for name in ("url", "name", "theme"):
        if (value := getattr(found, name)) is not None:
            words += [f"--{name}", value]
    words += [f"--{name}" for name in ("ascii", "numpad") if getattr(found, name)]
    return server.main(words, found.host, found.port)


def _conformance(_parser: argparse.ArgumentParser, found: argparse.Namespace) -> int:
    from tui.conformance import kit  # noqa: PLC0415 (for this one command)

    return kit.main(found.server, junit=found.junit, slow=found.slow)


def _complete(parser: argparse.ArgumentParser, found: argparse.Namespace) -> int:
    from tui.completion import completion  # noqa: PLC0415 (for this one command)

    print(completion(parser, found.shell))  # noqa: T201 (a command line)
    return 0


def _options(parser: argparse.ArgumentParser, found: argparse.Namespace) -> Options:
    """The command line wins over the environment, and that over the settings."""
    settings, warnings = load()
    return Options(
        url=found.url or _environment_url(parser) or settings.url,
        name=settings.name if found.name is None else found.name,
        theme=found.theme or settings.theme,
        ascii=bool(found.ascii) or settings.ascii,
        numpad=bool(found.numpad) or settings.numpad,
        bell=settings.bell,
        motion=settings.motion,
        clock=settings.clock,
        opening=_opening(found, settings),
        warnings=warnings,
    )


def _environment_url(parser: argparse.ArgumentParser) -> str | None:
    url = os.environ.get("WEBSOCKET_URL")
    if not url:
        return None
    try:
        return check_url(url)
    except ValueError as error:
        parser.error(f"WEBSOCKET_URL: {error}")


def _opening(found: argparse.Namespace, settings: Settings) -> Opening:
    match found.command:
        case "new":
            clock = settings.clock if found.clock is None else found.clock
            return StartGame(mark=found.mark, listed=found.listed, clock=clock)
        case "join":
            return JoinGame(found.code or found.id)
        case "watch":
            return WatchGame(found.code or found.id)
        case "practice":
            return PlayComputer(found.level)
        case "replay":
            return ShowReplay(found.code)
        case _:
            return ShowLobby()


_COMMANDS: Final = {
    "serve": _serve,
    "doctor": _doctor,
    "conformance": _conformance,
    "web": _web,
    "completion": _complete,
}


if __name__ == "__main__":
    sys.exit(main())
