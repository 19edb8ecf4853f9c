"""A finished game in words: its moves, what each was worth, and a card to share. Pure."""

from shared.board import CELL_NAMES, Mark, board, outcome, turn
from shared.replay import code_of
from shared.solver import review, sentence

_EMOJI = {"x": "❌", "o": "⭕", ".": "⬜"}
_PLAIN = {"x": " x", "o": " o", ".": " ."}


def move_text(moves: str, number: int) -> str:
    """``4  o  left``, from 1; a question mark follows a move that was a mistake."""
    cell = int(moves[number - 1])
    wrong = any(mistake.number == number for mistake in review(moves).mistakes)
    return f"{number}  {turn(moves[: number - 1])}  {CELL_NAMES[cell]}{'  ?' if wrong else ''}"


def step_text(moves: str, shown: int) -> str:
    """Where a replay stands: ``Move 4 of 7: o takes the left``."""
    if not moves:
        return "No move was made"
    if not shown:
        return f"Before the first of {len(moves)} moves"
    mark, cell = turn(moves[: shown - 1]), int(moves[shown - 1])
    return f"Move {shown} of {len(moves)}: {mark} takes the {CELL_NAMES[cell]}"


def review_text(moves: str) -> str:
    """What the solver says of the whole game."""
    return f"{sentence(review(moves))}."


def headline(moves: str, names: tuple[str, str]) -> str:
    """``Ada (x) beat Bob (o) in 7 moves``."""
    x, o = f"{names[0]} (x)", f"{names[1]} (o)"
    if names == ("x", "o"):
        x, o = names
    end = outcome(moves)
    if not end.over:
        return f"{x} and {o}, {len(moves)} moves"
    if end.winner is None:
        return f"{x} and {o} drew"
    winner, loser = (x, o) if end.winner is Mark.X else (o, x)
    return f"{winner} beat {loser} in {len(moves)} moves"


def share_card(moves: str, names: tuple[str, str], *, plain: bool = False) -> str:
    """The result as text to paste anywhere: with emoji, or in plain characters."""
    drawing = _PLAIN if plain else _EMOJI
    cells = [drawing[cell] for cell in board(moves)]
    rows = ["".join(cells[row : row + 3]) for row in (0, 3, 6)]
    return "\n".join(
        [headline(moves, names), *rows, f"Replay: noughts-tui replay {code_of(moves)}"]
    )
