"""The code in what a player typed or pasted: one reader for every place. Pure.

What is a code beyond doubt is preferred to what merely could be one; between several the player is
asked. A replay code is told from the code of a game by its ``R-``.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from shared.crockford import game_code
from shared.replay import code_of, moves_of
from shared.text import typed

WRONG: Final = "A code has 6 letters and digits, without U"
NONE_PASTED: Final = "What you pasted holds no code"

_MOST_READ: Final = 20_000
_MOST_ASKED: Final = 4

_BEFORE, _AFTER = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_HALVES: Final = r"[0-9A-Za-z]{3}-?[0-9A-Za-z]{3}"
_SPACED_HALVES: Final = r"[0-9A-Z]{3} [0-9A-Z]{3}"
_TOKEN: Final = re.compile(rf"(?<![0-9A-Za-z-])({_HALVES})(?![0-9A-Za-z-])")
_SPACED: Final = re.compile(rf"{_BEFORE}({_SPACED_HALVES}){_AFTER}")
_VERB: Final = rf"(join|watch)(?:\s+--id)?[\s=]+['\"`]?({_HALVES}){_AFTER}"
_ASKED: Final = re.compile(rf"{_BEFORE}{_VERB}", re.IGNORECASE)
_COMMAND: Final = re.compile(rf"(?:noughts-tui|noughts_tui\.py|-m tui|ARGS=)\W[^\n]*?{_VERB}")
_NAMED: Final = re.compile(
    rf"(?i:\b(?:code|game)(?:\s+is)?[:\s]+\W*)({_HALVES}|{_SPACED_HALVES}){_AFTER}"
)
_REPLAY: Final = re.compile(rf"{_BEFORE}(R-[0-9A-Za-z]{{4}}){_AFTER}", re.IGNORECASE)
# Addresses hold a lot that looks like a code.
_ADDRESS: Final = re.compile(r"\S+://\S+|\S+@\S+")
_AROUND: Final = re.compile(r"^[\W_]+|[\W_]+$")


@dataclass(frozen=True, slots=True)
class GameCode:
    """The code of a game, to take the free seat or only to watch."""

    code: str
    watch: bool = False


@dataclass(frozen=True, slots=True)
class ReplayCode:
    code: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """Several codes that the text could mean, as they were written; the player says which."""

    texts: tuple[str, ...]

    @property
    def question(self) -> str:
        if len(self.texts) == 1:
            return f"Is {self.texts[0]} the code? Type it here"
        return f"Which is the code: {', '.join(self.texts)}?"


Code = GameCode | ReplayCode | Unsure


def read_code(text: str) -> Code | None:
    """The code in a text: alone, in a command, or in whatever somebody has written around it."""
    text = _AROUND.sub("", typed(text[:_MOST_READ]))
    if (alone := _alone(text)) is not None:
        return alone
    text = _ADDRESS.sub(" ", text)
    games = tuple(dict.fromkeys(_commanded(text)))
    replays = tuple(dict.fromkeys(map(ReplayCode, _replays(_REPLAY.findall(text)))))
    if games or replays:
        return _one((*games, *replays))
    for found in (_named(text), _certain(text)):
        if codes := tuple(dict.fromkeys(GameCode(code) for code in found)):
            return _one(codes)
    doubtful = tuple(dict.fromkeys(each for each in _TOKEN.findall(text) if _game(each)))
    return Unsure(doubtful) if 0 < len(doubtful) <= _MOST_ASKED else None


def _alone(text: str) -> Code | None:
    """The code when there is nothing else: then all is forgiven that a person may write."""
    if code := _game(text):
        return GameCode(code)
    if text[:1].upper() == "R" and text[1:2] == "-" and (replay := _replay(text)):
        return ReplayCode(replay)
    return None


def _one(codes: tuple[GameCode | ReplayCode, ...]) -> Code:
    if len({each.code for each in codes}) == 1:
        return codes[0]
    return Unsure(tuple(dict.fromkeys(each.code for each in codes))[:_MOST_ASKED])


def _commanded(text: str) -> Iterator[GameCode]:
    """What follows the word of a command; in the midst of a sentence that may be any word."""
    asked = [each for each in _ASKED.findall(text) if _looks(each[1])]
    for verb, each in (*_COMMAND.findall(text), *asked):
        if code := _game(each):
            yield GameCode(code, verb.lower() == "watch")


def _named(text: str) -> Iterator[str]:
    """What is called a code, and is no word."""
    for each in _NAMED.findall(text):
        if (_looks(each) or not each.isalpha()) and (code := _game(each)):
            yield code


def _certain(text: str) -> Iterator[str]:
    """What nobody writes who does not mean a code."""
    shouted = text.isupper()
    for each in (*_TOKEN.findall(text), *_SPACED.findall(text)):
        if _looks(each) and not (shouted and each.isalpha()) and (code := _game(each)):
            yield code


def _looks(text: str) -> bool:
    """Whether a text is letters and digits mixed, or all in capitals."""
    digits = sum(map(str.isdecimal, text))
    letters = sum(map(str.isalpha, text))
    return bool(letters and (digits or text.isupper()))


def _replays(texts: Iterable[str]) -> Iterator[str]:
    yield from (code for text in texts if (code := _replay(text)))


def _game(text: str) -> str | None:
    try:
        return game_code(text)
    except ValueError:
        return None


def _replay(text: str) -> str | None:
    try:
        return code_of(moves_of(text))
    except ValueError:
        return None
