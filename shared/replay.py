"""Any legal history as a code of four characters, ``R-7K2Q``, and back. Imports shared only.

The code is the history's number in the walk of the game tree that takes each node before what
follows it, and lower cells first. Numbers come from counting the histories below a position, not
from a table of them: 549,946 in all, of the 1,048,576 that four characters could tell apart.
"""

from functools import lru_cache
from typing import Final

from shared import crockford
from shared.board import board, followers, is_legal

PREFIX: Final = "R-"
LENGTH: Final = 4


def code_of(moves: str) -> str:
    """The code of a history.

    Raises:
        ValueError: no game can have this history.
    """
    if not is_legal(moves):
        raise ValueError(f"no game can have the history {moves!r}")
    return PREFIX + crockford.encode(_number(moves), LENGTH)


def moves_of(code: str) -> str:
    """The history of a code as people write it: `crockford.normalise`, the ``R-`` left out or not.

    Raises:
        ValueError: it is no such code, or none that a history has.
    """
    number = crockford.decode(crockford.normalise(_without_prefix(code), LENGTH))
    if number >= histories(board("")):
        last = crockford.encode(histories(board("")) - 1, LENGTH)
        raise ValueError(f"no game has this code: the last one is {PREFIX}{last}")
    return _history(number)


@lru_cache(maxsize=8192)
def histories(cells: str) -> int:
    """How many histories go through a board as `shared.board.board` makes it, its own included."""
    return 1 + sum(histories(after) for _, after in followers(cells))


def _number(moves: str) -> int:
    number = 0
    cells = board("")
    for played in map(int, moves):
        branches = followers(cells)
        number += 1 + sum(histories(after) for cell, after in branches if cell < played)
        cells = dict(branches)[played]
    return number


def _history(number: int) -> str:
    moves = ""
    while number:
        number -= 1
        for cell, after in followers(board(moves)):
            if number < histories(after):
                moves += str(cell)
                break
            number -= histories(after)
    return moves


# A code of four can begin with an R of its own.
def _without_prefix(code: str) -> str:
    shown = code.strip()
    is_long = sum(character.isalnum() for character in shown[: 5 * LENGTH]) > LENGTH
    return shown[1:] if is_long and shown[0] in "Rr" else shown
