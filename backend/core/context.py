"""One request being served."""

from dataclasses import dataclass

from backend.core.game import Game, Moment
from shared.errors import ErrorCode, Refusal


@dataclass(slots=True)
class Context:
    """Who asks, when, and the game as last seen, which an error shows to those at its table."""

    connection: str
    at: Moment
    seen: Game | None = None

    def see(self, game: Game | None) -> Game:
        """Keeps the game as seen; refuses when there is none."""
        if game is None:
            raise Refusal(ErrorCode.NO_SUCH_GAME, "There is no game with that code.")
        self.seen = game
        return game
