"""Any legal history as a code of four characters, ``R-7K2Q``, and back.

The code is the history's number in the walk of the game tree that takes each node before what
follows it, and lower cells first. Numbers come from counting the histories below a position, not
from a table of them: 549,946 in all, of the 1,048,576 that four characters could tell apart.
"""

from functools import lru_cache
from typing import Final

from shared import crockford
from shared.board import board, followers

PREFIX: Final = "R-"
LENGTH: Final = 4


def code_of(moves: str) -> str:
    """The code of a history.

    Raises:
        ValueError: no game can have this history.
    """
    number = 0
    cells = board("")
    for cell in moves:
        ways = _ways(cells)
        if cell not in ways:
            raise ValueError(f"no game can have the history {moves!r}")
        steps, cells = ways[cell]
        number += steps
    return PREFIX + crockford.encode(number, LENGTH)


def moves_of(code: str) -> str:
    """The history of a code as people write it: `crockford.normalise`, the ``R-`` left out or not.

    Raises:
        ValueError: it is no such code, or none that a history has.
    """
    number = crockford.decode(crockford.normalise(_without_prefix(code), LENGTH))
    if number >= histories(board("")):
        last = crockford.encode(histories(board("")) - 1, LENGTH)
        raise ValueError(f"no game has this code: the last one is {PREFIX}{last}")
    moves = ""
    cells = board("")
    while number:
        ways = _ways(cells)
        # Steps grow from way to way: the history goes through the last that is not beyond it.
        cell = max(cell for cell, (steps, _) in ways.items() if steps <= number)
        steps, cells = ways[cell]
        number -= steps
        moves += cell
    return moves


@lru_cache(maxsize=8192)
def histories(cells: str) -> int:
    """How many histories go through a board as `shared.board.board` makes it, its own included."""
    return 1 + sum(histories(after) for _, after in followers(cells))


@lru_cache(maxsize=8192)
def _ways(cells: str) -> dict[str, tuple[int, str]]:
    """By the cell played next: how many steps the walk takes to the history that plays it."""
    ways: dict[str, tuple[int, str]] = {}
    steps = 1
    for cell, after in followers(cells):
        ways[str(cell)] = (steps, after)
        steps += histories(after)
    return ways


# No code begins with an R of its own: the last one is R-GS1S.
def _without_prefix(code: str) -> str:
    shown = code.strip()
    return shown[1:] if shown[:1] in {"R", "r"} else shown
