"""Perfect play, and what a game looks like beside it.

The computer opponent asks for the best moves; the review after a game asks which move changed the
result. Values are those of the mark whose turn it is.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

from shared.board import CELL_NAMES, Mark, board, followers, outcome, outcome_of_board, turn


class Value(IntEnum):
    """What a position is worth to the mark to move, when both play perfectly from there."""

    LOST = -1
    DRAWN = 0
    WON = 1


@dataclass(frozen=True, slots=True)
class Mistake:
    """A move that made its player's position worth less.

    ``number`` is the move's place in the history, from 1. ``had`` and ``left`` are the position's
    values to ``mark`` before and after it, ``held`` the cells that would have kept the first.
    """

    number: int
    mark: Mark
    cell: int
    had: Value
    left: Value
    held: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """A history beside perfect play: its mistakes in order, and whom its last position favours.

    ``result`` is the winner that perfect play from the last position would have, None for a draw;
    of a complete game, simply its winner.
    """

    mistakes: tuple[Mistake, ...]
    result: Mark | None
    over: bool

    @property
    def decisive(self) -> Mistake | None:
        """The move that made the result what it stayed; None when it was a draw all along."""
        return self.mistakes[-1] if self.mistakes else None


def value(moves: str) -> Value:
    """What a legal history is worth to the mark to move, which has lost when the other has won."""
    return _value(board(moves))


def best_moves(moves: str) -> tuple[int, ...]:
    """The cells a perfect player chooses from: winning soonest, else drawing, else losing latest.

    In order; none when the game is over.
    """
    scores = {cell: -_score(after) for cell, after in followers(board(moves))}
    best = max(scores.values(), default=0)
    return tuple(cell for cell, score in scores.items() if score == best)


def holding_moves(moves: str) -> tuple[int, ...]:
    """The cells that keep the value of a history, however long the way; none when it is over."""
    cells = board(moves)
    return tuple(cell for cell, after in followers(cells) if -_value(after) == _value(cells))


def review(moves: str) -> Review:
    """Looks at every move of a legal history, complete or not, beside perfect play."""
    found = (_mistake(moves[:place], int(cell)) for place, cell in enumerate(moves))
    return Review(
        mistakes=tuple(mistake for mistake in found if mistake is not None),
        result=_favoured(moves),
        over=outcome(moves).over,
    )


def sentence(reviewed: Review) -> str:
    """``Move 2 (top) was the mistake: the centre would have held the draw``.

    What stands before the colon is a sentence by itself.
    """
    mistake = reviewed.decisive
    if mistake is None:
        end = "and so it is a draw" if reviewed.over else "and it was still a draw"
        return f"No move was a mistake, {end}"
    kept = "won" if mistake.had is Value.WON else "held the draw"
    return (
        f"Move {mistake.number} ({CELL_NAMES[mistake.cell]}) was the mistake: "
        f"{_names(mistake)} would have {kept}"
    )


def _value(cells: str) -> Value:
    score = _score(cells)
    return Value((score > 0) - (score < 0))


# The sign is the value; the size grows with the empty cells at the end, so that of two wins the
# sooner is the better, and of two losses the later.
@lru_cache(maxsize=8192)
def _score(cells: str) -> int:
    now = outcome_of_board(cells)
    if now.over:
        return -(1 + cells.count(".")) if now.winner else 0
    return max(-_score(after) for _, after in followers(cells))


def _mistake(before: str, cell: int) -> Mistake | None:
    had = value(before)
    left = Value(-value(f"{before}{cell}"))
    if left == had:
        return None
    return Mistake(
        number=len(before) + 1,
        mark=turn(before),
        cell=cell,
        had=had,
        left=left,
        held=holding_moves(before),
    )


def _favoured(moves: str) -> Mark | None:
    match value(moves):
        case Value.WON:
            return turn(moves)
        case Value.LOST:
            return turn(moves).other
        case Value.DRAWN:
            return None


_CENTRE: Final = (4,)
_CORNERS: Final = (0, 2, 6, 8)
_EDGES: Final = (1, 3, 5, 7)


def _names(mistake: Mistake) -> str:
    """``the centre``, ``the left or the top right``, ``any corner``; many are only counted."""
    names: list[str] = []
    for kind, all_of_it in ((_CENTRE, ""), (_CORNERS, "any corner"), (_EDGES, "any edge")):
        here = [cell for cell in kind if cell in mistake.held]
        if all_of_it and len(here) == len(kind):
            names.append(all_of_it)
        else:
            names.extend(f"the {CELL_NAMES[cell]}" for cell in here)
    if len(names) > 3:
        return f"any of {len(mistake.held)} other cells"
    return " or ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
