"""A store, connections and a clock in memory, to test the service with; no part of the product."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from backend.core import match as rules
from backend.core.match import Match, Moment, Move, Seat
from backend.core.ports import Conflict, Gone, LobbyLine, Metric
from shared import codec
from shared import messages as wire
from shared.board import Mark
from shared.messages import LobbyKind


class MemoryStore:
    """`Store` over a dict; immutable matches make every change atomic."""

    def __init__(self) -> None:
        self.matches: dict[str, Match] = {}
        self.calls: list[str] = []

    def create(self, match: Match, at: Moment) -> None:
        self.calls.append("create")
        if (current := self._living(match.id, at)) is not None:
            raise Conflict(current)
        self.matches[match.id] = match

    def load(self, game_id: str, at: Moment) -> Match | None:
        self.calls.append("load")
        return self._living(game_id, at)

    def append_move(self, game_id: str, connection: str, move: Move, at: Moment) -> Match:
        with self._condition("append_move", game_id, at) as current:
            if (
                current.moves != move.before
                or current.status != "playing"
                or current.seat(move.mark).connection != connection
            ):
                raise Conflict(current)
        return self._put(rules.played(current, move, at))

    def take_seat(self, game_id: str, mark: Mark, seat: Seat, at: Moment) -> Match:
        with self._condition("take_seat", game_id, at) as current:
            host = current.seat(mark.other)
            if (
                current.status != "waiting"
                or current.seat(mark).taken
                or host.token == seat.token
                or host.connection == seat.connection
            ):
                raise Conflict(current)
        return self._put(rules.joined(current, mark, seat, at))

    def bind(self, game_id: str, mark: Mark, token: str, connection: str, at: Moment) -> Match:
        with self._condition("bind", game_id, at) as current:
            if (
                current.seat(mark).token != token
                or current.seat(mark.other).connection == connection
            ):
                raise Conflict(current)
        self._put(rules.bound(current, mark, connection, at))
        return current

    def unbind(self, game_id: str, mark: Mark, connection: str, at: Moment) -> Match:
        with self._condition("unbind", game_id, at) as current:
            if current.seat(mark).connection != connection:
                raise Conflict(current)
        return self._put(rules.unbound(current, mark, at))

    def watch(self, game_id: str, connection: str, at: Moment) -> Match:
        with self._condition("watch", game_id, at) as current:
            room = connection in current.watchers or len(current.watchers) < rules.MAX_WATCHERS
            if not room or rules.seat_of(current, connection) is not None:
                raise Conflict(current)
        return self._put(replace(current, watchers=current.watchers | {connection}))

    def unwatch(self, game_id: str, connection: str, at: Moment) -> Match:
        with self._condition("unwatch", game_id, at) as current:
            pass
        return self._put(replace(current, watchers=current.watchers - {connection}))

    def emote(self, game_id: str, connection: str, at: Moment) -> Match:
        with self._condition("emote", game_id, at) as current:
            last = current.emoted.get(connection)
            if rules.seat_of(current, connection) is None or (
                last is not None and at.now - last < rules.EMOTE_PAUSE_MS
            ):
                raise Conflict(current)
        return self._put(replace(current, emoted={**current.emoted, connection: at.now}))

    def save(self, before: Match, after: Match, at: Moment) -> Match:
        with self._condition("save", before.id, at) as current:
            if current.rev != before.rev:
                raise Conflict(current)
        return self._put(replace(after, watchers=current.watchers, emoted=current.emoted))

    def games_of(self, connection: str) -> Sequence[tuple[str, Mark]]:
        self.calls.append("games_of")
        return [
            (match.id, mark)
            for match in self.matches.values()
            for mark in Mark
            if match.seat(mark).connection == connection
        ]

    def lobby(
        self, kind: LobbyKind, since: int, *, clock: int | None = None, oldest_first: bool = False
    ) -> Sequence[LobbyLine]:
        self.calls.append("lobby")
        lines = [
            LobbyLine(
                id=match.id,
                since=match.since,
                clock=match.clock,
                names=(_name(match.x), _name(match.o)),
                connections=(match.x.connection, match.o.connection),
            )
            for match in self.matches.values()
            if match.lobby == kind
            and match.since >= since
            and clock in {None, match.clock}
            and (match.x.connection or match.o.connection)
        ]
        lines.sort(key=lambda line: (line.since, line.id), reverse=not oldest_first)
        return lines[:25]

    @contextmanager
    def _condition(self, call: str, game_id: str, at: Moment) -> Iterator[Match]:
        self.calls.append(call)
        current = self._living(game_id, at)
        if current is None:
            raise Conflict(None)
        yield current

    def _living(self, game_id: str, at: Moment) -> Match | None:
        match = self.matches.get(game_id)
        return None if match is None or match.is_gone(at.second) else match

    def _put(self, match: Match) -> Match:
        self.matches[match.id] = match
        return match


def _name(seat: Seat) -> str | None:
    return seat.name if seat.taken else None


@dataclass
class MemoryConnections:
    """`Connections` that keep what was posted; ``gone`` connections are no more."""

    inbox: dict[str, list[wire.AnyEvent]] = field(default_factory=lambda: defaultdict(list))
    gone: set[str] = field(default_factory=set)
    on_post: Callable[[str], None] = lambda _: None

    def post(self, connection: str, frame: str) -> None:
        self.on_post(connection)
        if connection in self.gone:
            raise Gone
        event = codec.decode_event(frame)
        assert event is not None
        assert not isinstance(event, wire.GatewayNotice)
        self.inbox[connection].append(event)

    def take(self, connection: str) -> list[wire.AnyEvent]:
        return self.inbox.pop(connection, [])


@dataclass
class ManualClock:
    """`Clock` that stands still until it is told otherwise."""

    ms: int = 1_700_000_000_000

    def now(self) -> int:
        return self.ms

    def advance(self, *, seconds: float = 0, ms: int = 0) -> None:
        self.ms += round(1000 * seconds) + ms


class Counts:
    """`Metrics` that adds up."""

    def __init__(self) -> None:
        self.counts: dict[Metric, int] = defaultdict(int)

    def count(self, counts: Mapping[Metric, int]) -> None:
        for metric, number in counts.items():
            self.counts[metric] += number
