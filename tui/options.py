"""What command line, settings and environment have decided, for the app to be opened. No I/O."""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

MarkChoice = Literal["x", "o", "random"]
Level = Literal["easy", "medium", "perfect"]
Motion = Literal["full", "reduced"]

OWN_THEMES: Final = ("noughts-dark", "noughts-light", "high-contrast", "colour-blind-safe")


@dataclass(frozen=True, slots=True)
class Lobby:
    """The lobby."""


@dataclass(frozen=True, slots=True)
class New:
    """A new game; ``clock`` is seconds a move, 0 for none."""

    mark: MarkChoice = "x"
    listed: bool = False
    clock: int = 0


@dataclass(frozen=True, slots=True)
class JoinGame:
    """The free seat of a game; ``code`` in its one written form."""

    code: str


@dataclass(frozen=True, slots=True)
class WatchGame:
    """A game to watch; ``code`` in its one written form."""

    code: str


@dataclass(frozen=True, slots=True)
class Practice:
    """A game against the computer."""

    level: Level = "medium"


@dataclass(frozen=True, slots=True)
class Replay:
    """A finished game, step by step, from its replay code; needs no server."""

    code: str


Opening = Lobby | New | JoinGame | WatchGame | Practice | Replay


@dataclass(frozen=True, slots=True)
class Options:
    """``url`` None is the embedded gateway; ``theme`` None is the app's own choice."""

    url: str | None = None
    name: str = ""
    theme: str | None = None
    ascii: bool = False
    numpad: bool = False
    bell: bool = True
    motion: Motion = "full"
    clock: int = 0
    """Seconds a move that a new game begins with."""
    opening: Opening = Lobby()
    warnings: tuple[str, ...] = ()
    """Sentences about the settings file that the player should see once."""


class Located(NamedTuple):
    """Where a server answers, and how seats on disk name it wherever that is."""

    url: str
    server: str


def check_url(url: str) -> str:
    """The address of a server as it is used and compared.

    Raises:
        ValueError: with what is wrong, in words.
    """
    shown = url.strip()
    try:
        parts = urlsplit(shown)
        wrong = parts.scheme not in {"ws", "wss"} or not parts.hostname or parts.port == 0
    except ValueError:
        wrong = True
    if wrong or parts.fragment or not shown.isprintable() or " " in shown:
        raise ValueError(f"{url!r} is not a server's address, such as wss://example.org/game")
    return shown.rstrip("/")


def public_url(url: str) -> str:
    """The address of a server without a password that stands in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def check_clock(seconds: int) -> int:
    """Seconds a move, 0 for none.

    Raises:
        ValueError: with what it must be, in words.
    """
    if seconds and not 5 <= seconds <= 600:
        raise ValueError("a clock is 5 to 600 seconds a move, or 0 for none")
    return seconds
