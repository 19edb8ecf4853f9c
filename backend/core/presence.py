"""Who is there: what a lost connection does, and how it is noticed..

A connection is found to be lost when the platform says so, when a push finds nobody, or by a look
where something hangs on it. Whoever is gone is unbound on the condition that the seat is still held
by that connection, and the others at the table are told.
"""

from collections.abc import Set as AbstractSet

from backend.core import game as rules
from backend.core.game import Game, Moment, Seat
from backend.core.ports import Busy, Conflict, Connections, Metric, Metrics, Store
from backend.core.pushes import EventFor, Pushes
from shared import messages as wire
from shared.board import Mark


class Presence:
    """Tells those who are there, and marks those lost who are not. Best effort: `Busy` ends it."""

    def __init__(
        self, store: Store, connections: Connections, pushes: Pushes, metrics: Metrics
    ) -> None:
        self._store = store
        self._connections = connections
        self._pushes = pushes
        self._metrics = metrics

    def disconnected(self, connection: str, at: Moment) -> None:
        """Marks the seats of a lost connection and tells the others; it watches no more.

        What is over but for the last game is left as it is: nobody is there to be told.

        Raises:
            Busy: the store could not be asked which seats those are.
        """
        for game_id, mark in self._store.games_of(connection):
            if mark is None:
                self._forget(game_id, connection, at)
            else:
                self._lose(game_id, mark, connection, at)

    def tell(
        self,
        game: Game,
        event: wire.Event | EventFor,
        at: Moment,
        *,
        but: AbstractSet[str] = frozenset(),
    ) -> None:
        """Posts to all at the table, players first, except ``but``; unbinds who is gone."""
        gone = self._pushes.post_all(game, event, but=but)
        for connection, mark in gone:
            if mark is None:
                self._forget(game.id, connection, at)
        # Last, for it is told to those who are still there.
        for connection, mark in gone:
            if mark is not None:
                self._lose(game.id, mark, connection, at)

    def look(self, game: Game, mark: Mark, at: Moment) -> bool:
        """Whether the player of this seat is there; one who is not is marked lost."""
        connection = game.seat(mark).connection
        if connection is None or self._is_there(connection):
            return connection is not None
        self._lose(game.id, mark, connection, at)
        return False

    def prune(self, game: Game, at: Moment) -> bool:
        """Looks for every watcher; whether one was gone, and watches no more."""
        gone = [watcher for watcher in sorted(game.watchers) if not self._is_there(watcher)]
        for watcher in gone:
            self._forget(game.id, watcher, at)
        return bool(gone)

    def _is_there(self, connection: str) -> bool:
        if self._connections.is_there(connection):
            return True
        self._metrics.count({Metric.GONE: 1})
        return False

    def _lose(self, game_id: str, mark: Mark, connection: str, at: Moment) -> None:
        try:
            game = self._store.unbind(game_id, mark, connection, at)
        except Busy:
            # Presence stays as it was until the next push or look.
            return
        except Conflict as conflict:
            if conflict.current is None or not _just_lost(conflict.current.seat(mark), at):
                return
            game = conflict.current
        snapshot = rules.snapshot(game)
        lost = wire.Presence(id=game_id, mark=mark, online=False, game=snapshot, now=at.now)
        self.tell(game, lost, at, but={connection})

    def _forget(self, game_id: str, watcher: str, at: Moment) -> None:
        try:
            self._store.unwatch(game_id, watcher, at)
        except (Conflict, Busy):
            return


def _just_lost(seat: Seat, at: Moment) -> bool:
    """Whether this request has done it already, unseen; else somebody else holds the seat."""
    return seat.connection is None and seat.away == "lost" and seat.away_at == at.now
