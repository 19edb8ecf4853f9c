"""Telling others: pushes, and what follows when one finds nobody there."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import cache

from backend.core import game as rules
from backend.core.game import Game, Moment, Seat
from backend.core.ports import (
    Busy,
    Conflict,
    Connections,
    Gone,
    Metric,
    Metrics,
    Store,
    Undelivered,
)
from shared import codec
from shared import messages as wire
from shared.board import Mark

EventFor = Callable[[Mark | None], wire.Event]
"""The event for the one who holds this seat; None for a watcher."""


class Pushes:
    """Posts events to those at a table. What they tell is stored: no failure here undoes it."""

    def __init__(self, store: Store, connections: Connections, metrics: Metrics) -> None:
        self._store = store
        self._connections = connections
        self._metrics = metrics

    def post(self, connection: str, event: wire.Event) -> bool:
        """Posts one event; False when the connection does not exist any more."""
        return self._post(connection, codec.encode(event))

    def _post(self, connection: str, frame: str) -> bool:
        try:
            self._connections.post(connection, frame)
        except Gone:
            self._metrics.count({Metric.GONE: 1})
            return False
        except Undelivered:
            # A push can be lost: whoever waits asks by `ping`.
            return True
        return True

    def tell(
        self,
        game: Game,
        event: wire.Event | EventFor,
        at: Moment,
        *,
        but: AbstractSet[str] = frozenset(),
    ) -> None:
        """Posts to all at the table, players first, except ``but``; unbinds who is gone."""
        frame_for = _frames(event)
        players = [(game.seat(mark).connection, mark) for mark in Mark]
        watchers = [(connection, None) for connection in sorted(game.watchers)]
        seen = set(but)
        lost: list[tuple[str, Mark]] = []
        for connection, mark in (*players, *watchers):
            if connection is None or connection in seen:
                continue
            seen.add(connection)
            if self._post(connection, frame_for(mark)):
                continue
            if mark is None:
                self._forget(game.id, connection, at)
            else:
                lost.append((connection, mark))
        # Last, for it is told to those who are still there.
        for connection, mark in lost:
            self.lose(game.id, mark, connection, at)

    def lose(self, game_id: str, mark: Mark, connection: str, at: Moment) -> None:
        """Marks the seat of a lost connection, if it still holds it, and tells the others."""
        try:
            game = self._store.unbind(game_id, mark, connection, at)
        except Busy:
            # Presence stays as it was until the next push: it is best effort.
            return
        except Conflict as conflict:
            if conflict.current is None or not _just_lost(conflict.current.seat(mark), at):
                return
            game = conflict.current
        snapshot = rules.snapshot(game)
        lost = wire.Presence(id=game_id, mark=mark, online=False, game=snapshot, now=at.now)
        self.tell(game, lost, at, but={connection})

    def prune(self, game: Game, at: Moment) -> bool:
        """Posts the snapshot to every watcher, to find those who are gone; whether one was."""
        shown = wire.Watching(id=game.id, game=rules.snapshot(game), now=at.now)
        frame = codec.encode(shown)
        gone = [watcher for watcher in sorted(game.watchers) if not self._post(watcher, frame)]
        for watcher in gone:
            self._forget(game.id, watcher, at)
        return bool(gone)

    def _forget(self, game_id: str, watcher: str, at: Moment) -> None:
        try:
            self._store.unwatch(game_id, watcher, at)
        except (Conflict, Busy):
            return


def _frames(event: wire.Event | EventFor) -> Callable[[Mark | None], str]:
    """The frame for each seat and for watchers, each encoded once."""
    if isinstance(event, wire.Event):
        frame = codec.encode(event)
        return lambda _: frame
    return cache(lambda mark: codec.encode(event(mark)))


def _just_lost(seat: Seat, at: Moment) -> bool:
    """Whether this request has done it already, unseen; else somebody else holds the seat."""
    return seat.connection is None and seat.away == "lost" and seat.away_at == at.now
