"""One request being served. Imports shared and core only."""

from dataclasses import dataclass

from backend.core.match import Match, Moment
from shared.errors import ErrorCode, Refusal


@dataclass(slots=True)
class Asking:
    """Who asks, when, and the match as last seen, which an error shows to those at its table."""

    connection: str
    at: Moment
    seen: Match | None = None

    def see(self, match: Match | None) -> Match:
        """Keeps the match as seen; refuses when there is none."""
        if match is None:
            raise Refusal(ErrorCode.NO_SUCH_GAME, "There is no game with that code.")
        self.seen = match
        return match
