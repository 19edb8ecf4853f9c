"""What the game needs of the world, named after what the game does.

A store's changes are atomic and durable when the call returns. A condition names only what its
decision needs, so that watchers never make a move fail. A change whose condition does not hold
changes nothing and raises `Conflict` with the game as it is. A game whose life is over is not
there for any call, whether or not the database still holds it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from backend.core.game import Game, Moment, Move, Seat
from shared.board import Mark
from shared.messages import LobbyKind


class Conflict(Exception):
    """The condition of a change does not hold; ``current`` is the game, None without one.

    ``place`` tells which of several changes it is: the first one whose condition does not hold.
    """

    def __init__(self, current: Game | None, place: int = 0) -> None:
        super().__init__("the game is not as it was thought to be")
        self.current = current
        self.place = place


class Busy(Exception):
    """The store is throttled, contended or late; whether it changed anything is not known.

    ``sentence`` is for the person who waits.
    """

    sentence = "The server is busy; try again in a moment."


class Unwritable(Busy):
    """The store can be read and not be changed now, as on a full disk; it changed nothing."""

    sentence = "The server cannot store anything at the moment; try again in a while."


@dataclass(frozen=True, slots=True)
class Change:
    """One of the changes of `Store.save_together`: a new game where there is no ``before``."""

    before: Game | None
    after: Game


class Gone(Exception):
    """The connection does not exist any more."""


class Undelivered(Exception):
    """The connection may exist, but could not be posted to this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LobbyLine:
    """What the lobby knows of a game. A name is None when that seat is free."""

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


SEATS_FOUND: Final = 20
"""How many seats of a connection are looked at where it is not known which games are over."""
LOBBY_LINES: Final = 25
"""How many games the lobby shows."""


class Store(Protocol):
    """The games. Every call may raise `Busy`."""

    def create(self, game: Game, at: Moment) -> None:
        """Stores a new game. Raises `Conflict` when its code is taken by a living one."""

    def load(self, game_id: str, at: Moment) -> Game | None:
        """The game, strongly consistent; None when there is none."""

    def append_move(self, game_id: str, connection: str, move: Move, at: Moment) -> Game:
        """Plays.

        Condition: the history is ``move.before``, the game is being played and ``connection``
        holds the seat of ``move.mark``. Returns the game after it (`game.played`).
        """

    def take_seat(self, game_id: str, mark: Mark, seat: Seat, at: Moment) -> Game:
        """Begins a waiting game.

        Condition: it waits, the seat ``mark`` is free and the other seat has neither this token
        nor this connection. Returns the game after it (`game.joined`).
        """

    def bind(self, game_id: str, mark: Mark, token: str, connection: str, at: Moment) -> Game:
        """Binds a seat.

        Condition: ``token`` (a hash) is its right, and ``connection`` holds neither seat. Returns
        the game after it (`game.bound`), which tells in ``replaced`` who held the seat before.
        """

    def unbind(self, game_id: str, mark: Mark, connection: str, at: Moment) -> Game:
        """Marks a connection lost.

        Condition: it still holds the seat. Returns the game after it (`game.unbound`).
        """

    def watch(self, game_id: str, connection: str, at: Moment) -> Game:
        """Adds a watcher; changes neither ``rev`` nor ``expires``.

        Condition: it holds no seat, and there is room or it watches already. Returns the game
        after it.
        """

    def unwatch(self, game_id: str, connection: str, at: Moment) -> Game:
        """Removes a watcher, if it is one; changes neither ``rev`` nor ``expires``.

        Returns the game after it.
        """

    def emote(self, game_id: str, connection: str, at: Moment) -> Game:
        """Notes when a connection spoke; changes neither ``rev`` nor ``expires``.

        Condition: it holds a seat and has not spoken within the last `game.EMOTE_PAUSE_MS`; what is
        noted of a time to come is from before the clock was set back. Returns the game after it.
        """

    def save(self, before: Game, after: Game, at: Moment) -> Game:
        """Any other change; of watchers and emotes only those who sit down now are written.

        Condition: the stored ``rev`` is that of ``before``. Returns the game after it, with the
        watchers it has.
        """

    def save_together(self, changes: Sequence[Change], at: Moment) -> None:
        """Makes all these changes to different games, or none of them.

        Each has the condition of `save`, or of `create` where there is no game before.
        """

    def games_of(self, connection: str) -> Sequence[tuple[str, Mark | None]]:
        """What a connection holds, as (game id, mark); the mark is None where it watches.

        All that waits or is played, and of what is over the last one bound: however much was played
        before, it is no longer. May lag behind on AWS, where it tells of no watching and may miss
        what was bound before the last `SEATS_FOUND` seats of a mark.
        """

    def lobby(
        self, kind: LobbyKind, since: int, *, clock: int | None = None, oldest_first: bool = False
    ) -> Sequence[LobbyLine]:
        """At most 25 listed games with a player connected, newest first unless told otherwise.

        Only those with ``LobbyLine.since >= since`` (epoch ms), and of this clock unless None.
        May lag behind on AWS.
        """


class Connections(Protocol):
    """The open connections."""

    def post(self, connection: str, frame: str) -> None:
        """Sends a frame. Returning is no receipt. Raises `Gone` or `Undelivered`."""

    def is_there(self, connection: str) -> bool:
        """Whether the connection exists; True also when that cannot be told this time."""


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
    BUSY = "RequestsBusy"
    GONE = "ConnectionsGone"


class Metrics(Protocol):
    """Where counts go."""

    def count(self, counts: Mapping[Metric, int]) -> None:
        """Adds to the counts; never raises."""
