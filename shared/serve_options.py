"""The options of ``noughts-tui serve``, each declared once, for the app and for the gateway.

The app shows them in its help, checks them, and hands them on as words; the gateway reads those.
"""

import argparse
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_type_hints
from urllib.parse import urlsplit

from shared.constants import PORT

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LogFormat = Literal["text", "json"]

LOOPBACK_HOST: Final = "127.0.0.1"
RATE: Final = 50.0
GAMES: Final = 20
CONNECTIONS: Final = 50
TOTAL_CONNECTIONS: Final = 4000
FILE_MEGABYTES: Final = 256
ANY_ORIGIN: Final = "*"
_NO_PAGE: Final = "null"
_MOST: Final = 2**31


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 to 65535")
    return int(text)


def _amount(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = -1
    if not 0 <= amount < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0")
    return amount


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > _MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def _origin(text: str) -> str:
    """An origin as a browser sends it: scheme, host in lower case, the port unless it is usual."""
    if text in {ANY_ORIGIN, _NO_PAGE}:
        return text
    parts = _split(text)
    usual = {"http": 80, "https": 443}
    if parts is None or parts.scheme not in usual or parts.path not in {"", "/"}:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no origin: it begins with https:// or http:// and ends with the host or"
            f" the port, as https://{_host_in(text)}; * stands for all"
        )
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    port = "" if parts.port in {None, usual[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def _split(text: str) -> Any:
    """The parts of an address with a host and neither a user, a query nor a fragment."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    strange = not text.isprintable() or " " in text or "?" in text or "#" in text
    return None if strange or "@" in parts.netloc or not parts.hostname else parts


def _host_in(text: str) -> str:
    parts = _split(text if "://" in text else f"https://{text}")
    return "example.org" if parts is None else str(parts.netloc)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no address: a proxy is named by its own, as 10.0.0.7, or by its network,"
            " as 10.0.0.0/24"
        ) from None


def _public_url(text: str) -> str:
    parts = _split(text)
    if parts is None or parts.scheme not in {"ws", "wss"}:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no address of a server: it begins with wss:// or ws://, as"
            " wss://example.org/noughts"
        )
    if parts.hostname in {"0.0.0.0", "::"}:  # noqa: S104 (nothing listens here)
        raise argparse.ArgumentTypeError(
            f"{text!r} is where a server listens; players type the name or address of its machine"
        )
    return text.rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """How an option is told and read; ``type`` makes a value of a word, or refuses it."""

    says: str
    type: Callable[[str], object] = str
    metavar: str | None = None
    repeated: bool = False
    choices: Sequence[str] | None = None

    def add_to(self, parser: argparse.ArgumentParser, flag: str) -> None:
        parser.add_argument(
            flag,
            help=self.says,
            type=self.type,
            metavar=self.metavar,
            choices=self.choices,
            action="append" if self.repeated else "store",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What the command line of a server says; a field is an option of the same name."""

    host: Annotated[
        tuple[str, ...],
        Option(
            says="address to listen on (default 127.0.0.1: this machine only); 0.0.0.0 is all of"
            " IPv4, :: all of IPv6 and IPv4; can be repeated",
            metavar="ADDRESS",
            repeated=True,
        ),
    ] = ()
    port: Annotated[
        int,
        Option(
            says=f"port to listen on (default {PORT}; 0: a free one)", type=_port, metavar="PORT"
        ),
    ] = PORT
    unix: Annotated[
        Path | None,
        Option(
            says="listen on this Unix socket, for a proxy on this machine; without --host on no"
            " address",
            type=Path,
            metavar="PATH",
        ),
    ] = None
    public_url: Annotated[
        str | None,
        Option(
            says="the address that players type, where a proxy stands before this server",
            type=_public_url,
            metavar="URL",
        ),
    ] = None
    data: Annotated[
        Path | None, Option(says="folder that keeps the games", type=Path, metavar="DIR")
    ] = None
    idle_exit: Annotated[
        float | None,
        Option(
            says="end when nobody has been connected for so long", type=_amount, metavar="SECONDS"
        ),
    ] = None
    certificate: Annotated[
        Path | None,
        Option(
            says="speak TLS (wss://) with this certificate and those above it, in PEM; read again"
            " when it changes",
            type=Path,
            metavar="FILE",
        ),
    ] = None
    key: Annotated[
        Path | None,
        Option(
            says="the certificate's private key, in PEM, where it is in a file of its own",
            type=Path,
            metavar="FILE",
        ),
    ] = None
    allow_origin: Annotated[
        tuple[str, ...],
        Option(
            says="web page that may connect, as https://example.org, * for all; can be repeated",
            type=_origin,
            metavar="ORIGIN",
            repeated=True,
        ),
    ] = ()
    trust_forwarded: Annotated[
        tuple[Network, ...],
        Option(
            says="proxy, or network of proxies, whose word on a player's address is taken"
            " (X-Forwarded-For, Forwarded); can be repeated",
            type=_network,
            metavar="ADDRESS",
            repeated=True,
        ),
    ] = ()
    connections: Annotated[
        int | None,
        Option(
            says=f"connections from one player's address (default {CONNECTIONS}, and no limit for"
            " this machine's programs; 0: no limit)",
            type=_count,
            metavar="N",
        ),
    ] = None
    total_connections: Annotated[
        int,
        Option(
            says=f"connections of all players (default {TOTAL_CONNECTIONS}; 0: as many as the"
            " system allows)",
            type=_count,
            metavar="N",
        ),
    ] = TOTAL_CONNECTIONS
    rate: Annotated[
        float,
        Option(
            says=f"requests a second from each connection (default {RATE:g}; 0: no limit)",
            type=_amount,
            metavar="N",
        ),
    ] = RATE
    games: Annotated[
        int,
        Option(
            says=f"unfinished games of each connection (default {GAMES}; 0: no limit)",
            type=_count,
            metavar="N",
        ),
    ] = GAMES
    file_size: Annotated[
        int,
        Option(
            says=f"megabytes that the games' file may take (default {FILE_MEGABYTES}; 0: no limit);"
            " of the games that are over the oldest make room",
            type=_count,
            metavar="MB",
        ),
    ] = FILE_MEGABYTES
    metrics_port: Annotated[
        int | None,
        Option(
            says="answer /metrics on this port and no longer on the players'",
            type=_port,
            metavar="PORT",
        ),
    ] = None
    metrics_host: Annotated[
        str,
        Option(says=f"address of --metrics-port (default {LOOPBACK_HOST})", metavar="ADDRESS"),
    ] = LOOPBACK_HOST
    log_format: Annotated[
        LogFormat,
        Option(says="how the log is written (default text)", choices=get_args(LogFormat)),
    ] = "text"
    chaos: Annotated[
        int | None, Option(says="fail on purpose, to test clients", type=int, metavar="SEED")
    ] = None

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses to listen on: none beside a Unix socket, unless some are named."""
        return self.host or (() if self.unix else (LOOPBACK_HOST,))


def add_to(parser: argparse.ArgumentParser) -> None:
    """Teaches a command the options."""
    for name, option in _options().items():
        option.add_to(parser, _flag(name))


def read(found: argparse.Namespace, parser: argparse.ArgumentParser) -> ServeOptions:
    """The options that a command line holds; ends the program where two do not go together."""
    said: dict[str, Any] = {}
    for name in _options():
        if (value := getattr(found, name)) is not None:
            said[name] = tuple(value) if isinstance(value, list) else value
    options = ServeOptions(**said)
    if options.key and not options.certificate:
        parser.error("--key belongs to a --certificate")
    return options


def words(options: ServeOptions) -> list[str]:
    """The command line that says these options; what is as it would be anyway is not said."""
    said = []
    for field in fields(ServeOptions):
        value = getattr(options, field.name)
        if value == field.default:
            continue
        values = value if isinstance(value, tuple) else (value,)
        said += [f"{_flag(field.name)}={each}" for each in values]
    return said


def _options() -> dict[str, Option]:
    hints = get_type_hints(ServeOptions, include_extras=True)
    return {field.name: get_args(hints[field.name])[1] for field in fields(ServeOptions)}


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
