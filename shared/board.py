"""Noughts and crosses as a function of its history.

A history is a string of cells in the order they were played, x first: ``"048"`` is three moves.
A cell is a digit 0-8, ``3 * row + column``. Everything else (board, turn, outcome) is derived from
it.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal


class Mark(StrEnum):
    """The two marks, which are also the two seats. x moves first."""

    X = "x"
    O = "o"  # noqa: E741 (the mark's name, always read as Mark.O)

    @property
    def other(self) -> "Mark":
        return Mark.O if self is Mark.X else Mark.X


MarkChoice = Literal["x", "o", "random"]
"""The mark that a player asks for who starts a game."""

EMPTY: Final = "."
CELLS: Final = "012345678"
CELL_NAMES: Final = (
    *("top left", "top", "top right"),
    *("left", "centre", "right"),
    *("bottom left", "bottom", "bottom right"),
)
"""What people call the cells, by cell."""
LINES: Final[tuple[tuple[int, int, int], ...]] = (
    (0, 1, 2),
    (3, 4, 5),
    (6, 7, 8),
    (0, 3, 6),
    (1, 4, 7),
    (2, 5, 8),
    (0, 4, 8),
    (2, 4, 6),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a history stands: over or not, who won, every completed line (two at most)."""

    over: bool
    winner: Mark | None
    lines: tuple[tuple[int, int, int], ...]


# A request looks at two histories, that before and that after its move, and at each several times.
@lru_cache(maxsize=2048)
def board(moves: str) -> str:
    """The nine cells of a history, row by row, each ``x``, ``o`` or ``.``."""
    cells = [EMPTY] * len(CELLS)
    for place, cell in enumerate(moves):
        cells[int(cell)] = "xo"[place % 2]
    return "".join(cells)


def turn(moves: str) -> Mark:
    """The mark whose place in the history comes next, whether or not the game is over."""
    return Mark.O if len(moves) % 2 else Mark.X


# Walks of the game tree look at every node: the positions are far fewer than the histories.
@lru_cache(maxsize=8192)
def outcome_of_board(cells: str) -> Outcome:
    """The outcome of nine cells as `board` makes them."""
    lines = tuple(
        line for line in LINES if cells[line[0]] != EMPTY and len({cells[i] for i in line}) == 1
    )
    winner = Mark(cells[lines[0][0]]) if lines else None
    return Outcome(over=bool(lines) or EMPTY not in cells, winner=winner, lines=lines)


@lru_cache(maxsize=2048)
def outcome(moves: str) -> Outcome:
    """The outcome of a legal history."""
    return outcome_of_board(board(moves))


@lru_cache(maxsize=2048)
def is_legal(moves: str) -> bool:
    """Whether these moves could have been played: cells 0-8, none twice, none after the end."""
    if len(set(moves)) != len(moves) or not set(moves) <= set(CELLS):
        return False
    # A line needs five moves, so only the later moves can come after an end.
    return not any(outcome(moves[:length]).over for length in range(5, len(moves)))


@lru_cache(maxsize=2048)
def free(moves: str) -> tuple[int, ...]:
    """The cells that can be played next, in order; none when the game is over."""
    return () if outcome(moves).over else tuple(int(cell) for cell in CELLS if cell not in moves)


def followers(cells: str) -> tuple[tuple[int, str], ...]:
    """The boards one move on, each after the cell played; none when the game is over."""
    if outcome_of_board(cells).over:
        return ()
    mark = Mark.X if cells.count(EMPTY) % 2 else Mark.O
    return tuple(
        (cell, f"{cells[:cell]}{mark}{cells[cell + 1 :]}")
        for cell, content in enumerate(cells)
        if content == EMPTY
    )


def cell_at(row: int, column: int) -> int:
    """The cell of a row and a column, each 0-2."""
    return 3 * row + column


def row_and_column(cell: int) -> tuple[int, int]:
    """Where a cell is, each 0-2."""
    return divmod(cell, 3)


def cell_of(tile: str) -> int:
    """The cell of a wire tile ``"row,column"``.

    Raises:
        ValueError: the text is not two digits 0-2 with a comma between.
    """
    row, comma, column = tile.partition(",")
    if comma != "," or row not in {"0", "1", "2"} or column not in {"0", "1", "2"}:
        raise ValueError(f"not a tile: {tile!r}")
    return cell_at(int(row), int(column))


def tile_of(cell: int) -> str:
    """The wire tile ``"row,column"`` of a cell 0-8."""
    row, column = row_and_column(cell)
    return f"{row},{column}"
