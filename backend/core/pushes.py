"""Telling others. What follows when a push finds nobody there is in `presence`."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from functools import cache

from backend.core.game import Game
from backend.core.ports import Connections, Gone, Metric, Metrics, Undelivered
from shared import codec
from shared import messages as wire
from shared.board import Mark

EventFor = Callable[[Mark | None], wire.Event]
"""The event for the one who holds this seat; None for a watcher."""


class Pushes:
    """Posts events. What they tell is stored: no failure here undoes it."""

    def __init__(self, connections: Connections, metrics: Metrics) -> None:
        self._connections = connections
        self._metrics = metrics

    def post(self, connection: str, event: wire.Event) -> bool:
        """Posts one event; False when the connection does not exist any more."""
        return self._post(connection, codec.encode(event))

    def post_all(
        self, game: Game, event: wire.Event | EventFor, *, but: AbstractSet[str] = frozenset()
    ) -> Sequence[tuple[str, Mark | None]]:
        """Posts to all at the table, players first, except ``but``; returns who is gone.

        Each is a connection and its seat, None for a watcher.
        """
        frame_for = _frames(event)
        players = [(game.seat(mark).connection, mark) for mark in Mark]
        watchers = [(connection, None) for connection in sorted(game.watchers)]
        seen = set(but)
        gone: list[tuple[str, Mark | None]] = []
        for connection, mark in (*players, *watchers):
            if connection is None or connection in seen:
                continue
            seen.add(connection)
            if not self._post(connection, frame_for(mark)):
                gone.append((connection, mark))
        return gone

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


def _frames(event: wire.Event | EventFor) -> Callable[[Mark | None], str]:
    """The frame for each seat and for watchers, each encoded once."""
    if isinstance(event, wire.Event):
        frame = codec.encode(event)
        return lambda _: frame
    return cache(lambda mark: codec.encode(event(mark)))
