"""The words of the command line."""

import argparse
import contextlib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, get_args

from shared import serve_options
from shared.board import MarkChoice
from shared.constants import CLOCK_WORDS, PROGRAM
from shared.crockford import game_code
from shared.replay import PREFIX, code_of, moves_of
from shared.text import clean_name
from tui.client.address import check_url
from tui.options import OWN_THEMES, Level, check_clock

_NO_COMMAND: Final = re.compile(r"argument COMMAND: invalid choice: '([^']*)'")
_SHORTEST_CODE: Final = 4

EXAMPLES: Final = """\
examples:
  noughts-tui                          the lobby: games of others, a quick match, the computer
  noughts-tui new --clock 30           start a game with 30 seconds a move, and get its code
  noughts-tui join K7QF2M              join a friend's game by its code
  noughts-tui watch K7QF2M             watch a game
  noughts-tui practice --level easy    play the computer
  noughts-tui replay R-7K2Q            step through a finished game
  noughts-tui serve --host 0.0.0.0     run a server for your network
  noughts-tui --url wss://example.org/game join K7QF2M

Without --url, WEBSOCKET_URL or a url in the settings file, games are played on this machine: any
number of terminals can meet there.
"""


class Parser(argparse.ArgumentParser):
    """Names what is nearest to a word that it does not know."""

    def __init__(self, *names: Any, **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.commands: dict[str, Any] = {}
        """Each command's parser; of the top one only."""
        self._words: tuple[str, ...] = ()

    @property
    def options(self) -> frozenset[str]:
        """How each option can be written."""
        return frozenset(self._option_string_actions)

    def parse_known_args(  # type: ignore[override]  # as argparse has it, for our own namespace only
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        self._words = tuple(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        options, commands = tuple(self._for_options()), tuple(self._for_command(message))
        wrong = _NO_COMMAND.search(message)
        if options and wrong and self._words[:1] != (wrong[1],):
            # What stands behind an unknown option was taken for the command.
            message, commands = "an option is not known here", ()
        super().error("\n  ".join([message, *options, *commands]))

    def _for_options(self) -> Iterator[str]:
        """For each option that nobody knows here: where it is known, or what is nearest."""
        known, command = self.options, None
        for word in self._words:
            if command is None and word in self.commands:
                # A command's own options stand behind it.
                command = word
                known |= self.commands[command].options
            name = word.partition("=")[0]
            if not name.startswith("--") or name == "--" or name in known or not self.commands:
                continue
            owners = [each for each, parser in self.commands.items() if name in parser.options]
            if owners:
                yield f"{name} belongs to {' and '.join(owners)}: {self.prog} {owners[0]} {name} …"
            elif near := _nearest(name, known):
                yield f"did you mean {near}?"

    def _for_command(self, message: str) -> Iterator[str]:
        wrong = _NO_COMMAND.search(message)
        if not self.commands or wrong is None:
            return
        word = wrong[1]
        if near := _nearest(word.lower(), self.commands):
            yield f"did you mean {near}?"
        for command, reads in (("join", _code), ("replay", _replay_code)):
            with contextlib.suppress(argparse.ArgumentTypeError):
                if any(map(str.isdecimal, word)) and len(word) >= _SHORTEST_CODE:
                    yield f"did you mean {self.prog} {command} {reads(word)}?"


def _nearest(word: str, words: Iterable[str]) -> str | None:
    from difflib import get_close_matches  # noqa: PLC0415 (for a mistake only)

    return next(iter(get_close_matches(word, words, 1)), None)


def parser() -> Parser:
    """The whole command line."""
    everywhere = _everywhere(argparse.SUPPRESS)
    top = Parser(
        "noughts-tui",
        description="Noughts and crosses for two terminals.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_everywhere(None)],
        allow_abbrev=False,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="show the version and end")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    def command(name: str, says: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, help=says, description=_sentence(says), parents=[everywhere], allow_abbrev=False
        )

    _add_new(command("new", "start a game and wait for an opponent"))
    _add_code(command("join", "join a game by its code"))
    _add_code(command("watch", "watch a game"))
    practice = command("practice", "play the computer")
    practice.add_argument(
        "--level", choices=get_args(Level), default="medium", help="how well it plays (medium)"
    )
    replay = command("replay", "step through a finished game; needs no server")
    replay.add_argument("code", type=_replay_code, metavar="R-XXXX", help="the game's replay code")
    serve = commands.add_parser(
        "serve",
        help="run a server that others can reach",
        description="Run a server that others can reach, until it is interrupted.",
        allow_abbrev=False,
    )
    serve_options.add_to(serve)
    command("doctor", "say what this terminal and the connection can do, and what to change")
    _add_conformance(
        commands.add_parser(
            "conformance",
            help="hold a server to the promises of the protocol",
            description="Hold any server to the promises of the protocol; leaves no game behind.",
            allow_abbrev=False,
        )
    )
    web = command("web", "play in a browser")
    web.add_argument("--host", default="127.0.0.1", help="address of the page (default 127.0.0.1)")
    web.add_argument("--port", type=_port, default=8003, help="port of the page (default 8003)")
    completion = commands.add_parser(
        "completion",
        help="print the completion of a shell",
        description="Print the completion of a shell, for its start-up file.",
    )
    completion.add_argument("shell", choices=("bash", "zsh", "fish", "tcsh"))
    top.commands.update(commands.choices)
    return top


def _everywhere(default: object) -> Parser:
    """The options that can stand before a command or after it."""
    options = Parser(add_help=False, argument_default=default)
    options.add_argument(
        "--url", type=_url, default=default, help="the server's address, ws://… or wss://…"
    )
    options.add_argument("--name", type=clean_name, default=default, help="your name at the table")
    options.add_argument(
        "--plain", action="store_true", default=default, help="play line by line, in sentences"
    )
    options.add_argument(
        "--ascii", action="store_true", default=default, help="draw with plain characters only"
    )
    options.add_argument(
        "--theme",
        default=default,
        help=f"the colours: {', '.join(OWN_THEMES)}, or any of Textual's",
    )
    options.add_argument(
        "--numpad",
        action="store_true",
        default=default,
        help="digits lie as on a number pad: 7 is the top left cell",
    )
    return options


def _add_new(new: argparse.ArgumentParser) -> None:
    new.add_argument("--listed", action="store_true", help="show the game in the lobby")
    new.add_argument(
        "--mark", choices=get_args(MarkChoice), default="x", help="your mark; x begins (default x)"
    )
    new.add_argument(
        "--clock",
        type=_clock,
        metavar="SECONDS",
        help=f"the clock of the game: {CLOCK_WORDS}",
    )


def _add_code(command: argparse.ArgumentParser) -> None:
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "code",
        nargs="?",
        type=_code,
        metavar="CODE",
        help="six letters and digits, as K7QF2M",
    )
    which.add_argument("--id", type=_code, metavar="CODE", help="the same")


def _add_conformance(conformance: argparse.ArgumentParser) -> None:
    conformance.add_argument("server", type=_url, metavar="URL", help="the server's address")
    conformance.add_argument(
        "--junit", type=Path, metavar="FILE", help="write the report as JUnit XML, too"
    )
    conformance.add_argument(
        "--slow", action="store_true", help="try what waits for clocks, too: about 40 seconds more"
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


class _Version(argparse.Action):
    """Says the version, which is looked up only then: that is slow."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib import metadata  # noqa: PLC0415 (slow)

        try:
            version = metadata.version(PROGRAM)
        except metadata.PackageNotFoundError:
            version = "unknown"
        print(f"{parser.prog} {version}")  # noqa: T201 (what was asked for, on standard output)
        parser.exit()


def _url(text: str) -> str:
    try:
        return check_url(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _code(text: str) -> str:
    try:
        return game_code(text)
    except ValueError as error:
        said = f"{text!r} is no game code: {error}"
        with contextlib.suppress(argparse.ArgumentTypeError):
            if text.strip()[: len(PREFIX)].upper() == PREFIX:
                said = f"this is the code of a replay: noughts-tui replay {_replay_code(text)}"
        raise argparse.ArgumentTypeError(said) from None


def _replay_code(text: str) -> str:
    try:
        return code_of(moves_of(text))
    except ValueError as error:
        said = f"{text!r} is no replay code: {error}"
        with contextlib.suppress(ValueError):
            code = game_code(text)
            said = f"this is the code of a game: {PROGRAM} join {code}, or {PROGRAM} watch {code}"
        raise argparse.ArgumentTypeError(said) from None


def _clock(text: str) -> int:
    try:
        return check_clock(int(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no clock: {CLOCK_WORDS}") from None


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 to 65535")
    return int(text)
