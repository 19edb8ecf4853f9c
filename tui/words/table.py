"""What the top line of a game says, and what leaving the game means."""

from typing import Final

from shared.constants import CLAIM_AFTER_MS
from shared.replay import code_of
from tui.client.state import Table
from tui.words.phrases import counted, fitting, opponent_name


def heading(table: Table, width: int = 80) -> str:
    """The code, the replay of a finished game, who looks on and what was drawn before."""
    parts = [f"Game {table.id}"]
    if table.finished and table.game.moves:
        parts.append(code_of(table.game.moves))
    if table.game.clock:
        parts.append(f"{table.game.clock} s a move")
    if table.game.watchers:
        parts.append(f"{table.game.watchers} watching")
    if table.game.series.drawn:
        parts.append(counted(table.game.series.drawn, "draw"))
    return fitting(parts, width)


_UNSENT: Final = "Your last move has not reached the server."


def leave_text(table: Table) -> str:
    """What the opponent can do once the player has left."""
    seconds = CLAIM_AFTER_MS // 1000
    claim = f"{opponent_name(table)} can claim the game {seconds} seconds after you left."
    return f"{_UNSENT} {claim}" if table.pending is not None else claim


def quit_text(table: Table) -> str:
    """What quitting means while a game is played."""
    return f"Game {table.id} is being played. {leave_text(table)}"
