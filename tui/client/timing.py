"""How long the client waits for what. All in seconds; tests make them short or endless."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """A pair is a span from which a moment is drawn, so that many clients do not act as one."""

    dial: float = 10
    """For opening a connection."""
    reply: float = 6
    """For a reply, before the request is repeated."""
    patience: float = 30
    """For a request with all its repeats."""
    pause: float = 0.5
    """About this before the first repeat after throttling; doubled each time."""
    pause_most: float = 5
    reconnect: float = 0.5
    """About this before the first attempt to reconnect; grows."""
    reconnect_most: float = 20
    farewell: float = 0.5
    """For the last words to the server; half of it more for closing the connection."""
    steady: float = 10
    """A connection that lasted so long has ended the growing."""
    pulse: float = 10
    """Between measurements of latency, and for the answer to one."""
    step: float = 2
    """Between looks at the wall clock, which jumps when the machine has slept."""
    wake: float = 5
    """For the answer to a measurement after that; a sleep must be longer to count."""
    match_again: tuple[float, float] = (3, 5)
    silence: float = 30
    """Of a table, before the server is asked about it; doubled each time."""
    silence_most: float = 240
    age: tuple[float, float] = (105 * 60, 115 * 60)
    """Of a connection, before another takes its place: inside the platform's two hours."""


class Vigil:
    """When to ask about a table that is silent: after a while, then less and less often."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._tables: dict[str, tuple[float, float]] = {}

    def heard(self, game_id: str, at: float) -> None:
        """Somebody did something at the table, or we have just sat down at it."""
        self._tables[game_id] = (at + self._timing.silence, self._timing.silence)

    def asked(self, game_id: str, at: float) -> None:
        _, interval = self._tables.get(game_id, (at, self._timing.silence))
        interval = min(self._timing.silence_most, 2 * interval)
        self._tables[game_id] = (at + interval, interval)

    def keep_only(self, alive: set[str], at: float) -> None:
        """Forgets the tables that are not among these; begins with those it does not know."""
        self._tables = {table: plan for table, plan in self._tables.items() if table in alive}
        for table in alive - self._tables.keys():
            self.heard(table, at)

    def due(self, at: float) -> tuple[str, ...]:
        return tuple(table for table, (due, _) in self._tables.items() if due <= at)

    def next_in(self, at: float) -> float:
        """How long until a table is due; the longest interval when there is none."""
        return min(
            (max(0, due - at) for due, _ in self._tables.values()),
            default=self._timing.silence_most,
        )
