"""The words of the command line."""

import argparse
from importlib import metadata
from pathlib import Path
from typing import Final, get_args

from shared import serve_options
from shared.board import MarkChoice
from shared.constants import CLOCK_WORDS
from shared.crockford import game_code
from shared.replay import code_of, moves_of
from shared.text import clean_name
from tui.client.address import check_url
from tui.options import Level, check_clock

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


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    everywhere = _everywhere(argparse.SUPPRESS)
    top = argparse.ArgumentParser(
        "noughts-tui",
        description="Noughts and crosses for two terminals.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_everywhere(None)],
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {_version()}")
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
    completion.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    return top


def _everywhere(default: object) -> argparse.ArgumentParser:
    """The options that can stand before a command or after it."""
    options = argparse.ArgumentParser(add_help=False, argument_default=default)
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
    options.add_argument("--theme", default=default, help="the colours")
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


def _version() -> str:
    try:
        return metadata.version("noughts-tui")
    except metadata.PackageNotFoundError:
        return "unknown"


def _url(text: str) -> str:
    try:
        return check_url(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _code(text: str) -> str:
    try:
        return game_code(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no game code: {error}") from None


def _replay_code(text: str) -> str:
    try:
        return code_of(moves_of(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no replay code: {error}") from None


def _clock(text: str) -> int:
    try:
        return check_clock(int(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no clock: {CLOCK_WORDS}") from None


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 to 65535")
    return int(text)
