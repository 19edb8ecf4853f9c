"""What the game needs of the world, named after what the game does. Imports shared and core only.

A store's changes are atomic and durable when the call returns. A condition names only what its
decision needs, so that watchers never make a move fail. A change whose condition does not hold
changes nothing and raises `Conflict` with the match as it is. A match whose life is over is not
there for any call, whether or not the database still holds it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from backend.core.match import Match, Moment, Move, Seat
from shared.board import Mark
from shared.messages import LobbyKind


class Conflict(Exception):
    """The condition of a change does not hold; ``current`` is the match, None without one."""

    def __init__(self, current: Match | None) -> None:
        super().__init__("the match is not as it was thought to be")
        self.current = current


class Busy(Exception):
    """The store is throttled, contended or late; whether it changed anything is not known."""


class Gone(Exception):
    """The connection does not exist any more."""


class Undelivered(Exception):
    """The connection may exist, but could not be posted to this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LobbyLine:
    """What the lobby knows of a match. A name is None when that seat is free."""

    id: str
    since: int
    clock: int
    names: tuple[str | None, str | None]
    connections: tuple[str | None, str | None]

    @property
    def free(self) -> Mark | None:
        """The free seat, if there is one."""
        return next(
            (mark for mark, name in zip(Mark, self.names, strict=True) if name is None), None
        )


LOBBY_LINES: Final = 25
"""How many games the lobby shows."""


class Store(Protocol):
    """The games. Every call may raise `Busy`."""

    def create(self, match: Match, at: Moment) -> None:
        """Stores a new match. Raises `Conflict` when its code is taken by a living one."""

    def load(self, game_id: str, at: Moment) -> Match | None:
        """The match, strongly consistent; None when there is none."""

    def append_move(self, game_id: str, connection: str, move: Move, at: Moment) -> Match:
        """Plays.

        Condition: the history is ``move.before``, the match is being played and ``connection``
        holds the seat of ``move.mark``. Returns the match after it (`match.played`).
        """

    def take_seat(self, game_id: str, mark: Mark, seat: Seat, at: Moment) -> Match:
        """Begins a waiting match.

        Condition: it waits, the seat ``mark`` is free and the other seat has neither this token
        nor this connection. Returns the match after it (`match.joined`).
        """

    def bind(self, game_id: str, mark: Mark, token: str, connection: str, at: Moment) -> Match:
        """Binds a seat.

        Condition: ``token`` (a hash) is its right, and ``connection`` does not hold the other seat.
        Returns the match as it was BEFORE; `match.bound` of it is the match now.
        """

    def unbind(self, game_id: str, mark: Mark, connection: str, at: Moment) -> Match:
        """Marks a connection lost.

        Condition: it still holds the seat. Returns the match after it (`match.unbound`).
        """

    def watch(self, game_id: str, connection: str, at: Moment) -> Match:
        """Adds a watcher; changes neither ``rev`` nor ``expires``.

        Condition: it holds no seat, and there is room or it watches already. Returns the match
        after it.
        """

    def unwatch(self, game_id: str, connection: str, at: Moment) -> Match:
        """Removes a watcher, if it is one; changes neither ``rev`` nor ``expires``.

        Returns the match after it.
        """

    def emote(self, game_id: str, connection: str, at: Moment) -> Match:
        """Notes when a connection spoke; changes neither ``rev`` nor ``expires``.

        Condition: it holds a seat and has not spoken within the last `match.EMOTE_PAUSE_MS`.
        Returns the match after it.
        """

    def save(self, before: Match, after: Match, at: Moment) -> Match:
        """Any other change; watchers and emotes are not written.

        Condition: the stored ``rev`` is that of ``before``. Returns the match after it, with the
        watchers it has.
        """

    def games_of(self, connection: str) -> Sequence[tuple[str, Mark]]:
        """The seats a connection holds, as (game id, mark); may lag behind on AWS."""

    def lobby(
        self, kind: LobbyKind, since: int, *, clock: int | None = None, oldest_first: bool = False
    ) -> Sequence[LobbyLine]:
        """At most 25 listed matches with a player connected, newest first unless told otherwise.

        Only those with ``LobbyLine.since >= since`` (epoch ms), and of this clock unless None.
        May lag behind on AWS.
        """


class Connections(Protocol):
    """The open connections."""

    def post(self, connection: str, frame: str) -> None:
        """Sends a frame. Returning is no receipt. Raises `Gone` or `Undelivered`."""


class Clock(Protocol):
    """The time."""

    def now(self) -> int:
        """Epoch ms."""


class Metric(StrEnum):
    """What an operator counts."""

    STARTED = "GamesStarted"
    FINISHED = "GamesFinished"
    MOVES = "Moves"
    REFUSED = "RequestsRefused"
    GONE = "ConnectionsGone"


class Metrics(Protocol):
    """Where counts go."""

    def count(self, counts: Mapping[Metric, int]) -> None:
        """Adds to the counts; never raises."""
