"""What command line, settings and environment have decided, for the app to be opened. No I/O."""

from dataclasses import dataclass
from typing import Final, Literal

from shared.board import MarkChoice
from shared.constants import CLOCK_SECONDS, CLOCK_WORDS

Level = Literal["easy", "medium", "perfect"]
Motion = Literal["full", "reduced"]

OWN_THEMES: Final = ("noughts-dark", "noughts-light", "high-contrast", "colour-blind-safe")


@dataclass(frozen=True, slots=True)
class ShowLobby:
    """The lobby."""


@dataclass(frozen=True, slots=True)
class StartGame:
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
class PlayComputer:
    """A game against the computer."""

    level: Level = "medium"


@dataclass(frozen=True, slots=True)
class ShowReplay:
    """A finished game, step by step, from its replay code; needs no server."""

    code: str


Opening = ShowLobby | StartGame | JoinGame | WatchGame | PlayComputer | ShowReplay


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
    opening: Opening = ShowLobby()
    warnings: tuple[str, ...] = ()
    """Sentences about the settings file that the player should see once."""


def check_clock(seconds: int) -> int:
    """Seconds a move, 0 for none.

    Raises:
        ValueError: with what it must be, in words.
    """
    if seconds and seconds not in CLOCK_SECONDS:
        raise ValueError(f"a clock is {CLOCK_WORDS}")
    return seconds
