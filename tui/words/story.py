"""A finished game in words: its moves, what each was worth, and a card to share. Pure."""

from dataclasses import dataclass

from shared.board import CELL_NAMES, Mark, board, outcome, turn
from shared.messages import Snapshot
from shared.replay import code_of
from shared.solver import review, sentence
from tui.words.phrases import LOST_BY, counted, name_of

_EMOJI = {"x": "❌", "o": "⭕", ".": "⬜"}
_PLAIN = {"x": " x", "o": " o", ".": " ."}


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of a game: the history alone, or also who played.

    ``winner`` and ``why`` tell of an end that does not show on the board.
    """

    moves: str
    names: tuple[str, str] | None = None
    winner: Mark | None = None
    why: str = ""


def story_of(game: Snapshot) -> Story:
    names = name_of(game, Mark.X), name_of(game, Mark.O)
    return Story(game.moves, names, game.winner, LOST_BY.get(game.status, ""))


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
    """What the solver says of a whole game; nothing of one that the board has not ended."""
    return f"{sentence(review(moves))}." if outcome(moves).over else ""


def headline(story: Story) -> str:
    """``Ada (x) beat Bob (o) in 7 moves``."""
    x, o = (f"{story.names[0]} (x)", f"{story.names[1]} (o)") if story.names else ("x", "o")
    end, length = outcome(story.moves), counted(len(story.moves), "move")
    if not (end.over or story.winner):
        return f"{length}, not finished on the board"
    won_by = end.winner or story.winner
    if won_by is None:
        return f"{x} and {o} drew"
    winner, loser = (x, o) if won_by is Mark.X else (o, x)
    if story.why:
        return f"{winner} won: {loser} {story.why} after {length}"
    return f"{winner} beat {loser} in {length}"


def share_card(story: Story, *, plain: bool = False) -> str:
    """The result as text to paste anywhere: with emoji, or in plain characters."""
    drawing = _PLAIN if plain else _EMOJI
    cells = [drawing[cell] for cell in board(story.moves)]
    rows = ["".join(cells[row : row + 3]) for row in (0, 3, 6)]
    return "\n".join([headline(story), *rows, f"Replay: noughts-tui replay {code_of(story.moves)}"])
