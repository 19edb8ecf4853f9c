"""Who sits where: starting, joining and resuming. Imports shared and core only.

A seat is the right of whoever knows its key. Keys make these requests repeatable: the same key
finds the same seat again.
"""

from collections.abc import Callable
from typing import Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace as with_fields

from backend.core import match as rules
from backend.core.announce import Announcer
from backend.core.asking import Asking
from backend.core.match import Action, Match, Seat
from backend.core.ports import Busy, Conflict, Metric, Metrics, Store
from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode, Refusal

TRIES: Final = 3


class Seating:
    """Gives seats and binds them to connections."""

    def __init__(
        self, store: Store, announcer: Announcer, metrics: Metrics, new_key: Callable[[], str]
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._metrics = metrics
        self._new_key = new_key

    def start(self, request: wire.Start, asking: Asking) -> wire.Started:
        """A new game, or the one that this key started before."""
        key, at = self.key(request.key), asking.at
        token = rules.hash_key(key)
        mark = _wanted(request.mark, token)
        seat = self.seat(token, request.name, asking)
        for attempt in range(TRIES):
            match = Match(
                id=rules.code_from(key, str(attempt)),
                expires=at.expires,
                clock=request.clock,
                since=at.now,
                listed=request.listed,
            )
            match = rules.with_seat(match, mark, seat)
            try:
                self._store.create(match, at)
            except Conflict as conflict:
                held = conflict.current
                if held is not None and (own := rules.holder(held, token)) is not None:
                    return self.started(self.hold(held, own, token, asking), own, key, asking)
                continue
            self._metrics.count({Metric.STARTED: 1})
            return self.started(match, mark, key, asking)
        raise Busy

    def join(self, request: wire.Join, asking: Asking) -> wire.Joined:
        """The free seat, or the one that this key took before."""
        key = self.key(request.key)
        token = rules.hash_key(key)
        seat = self.seat(token, request.name, asking)
        current = asking.see(self._store.load(request.id, asking.at))
        for _ in range(TRIES):
            own = rules.holder(current, token)
            if own is not None and current.status != "waiting":
                held = self.hold(current, own, token, asking)
                reply = self.joined(held, own, key, asking)
                if held is current and current.status == "playing" and not current.moves:
                    # Taken before, and perhaps nobody was told of it.
                    self._tell_of(held, reply, asking)
                return reply
            if own is not None or rules.seat_of(current, asking.connection) is not None:
                raise Refusal(ErrorCode.OWN_GAME, "You already sit at this game.")
            rules.check(current, Action.JOIN)
            mark = Mark.O if current.x.taken else Mark.X
            try:
                match = self._store.take_seat(request.id, mark, seat, asking.at)
            except Conflict as conflict:
                current = asking.see(conflict.current)
                continue
            reply = self.joined(match, mark, key, asking)
            self._tell_of(match, reply, asking)
            return reply
        raise Busy

    def resume(self, request: wire.Resume, asking: Asking) -> wire.Resumed:
        """The seat that the token is the right to, bound to this connection, in every status."""
        try:
            mark, key = wire.parse_token(request.token)
        except ValueError:
            raise _bad_token() from None
        match = self._bind(request.id, mark, rules.hash_key(key), asking)
        return wire.Resumed(id=match.id, mark=mark, game=rules.snapshot(match), now=asking.at.now)

    def hold(self, match: Match, mark: Mark, token: str, asking: Asking) -> Match:
        """The match with the seat held by who asks, who has proved the right to it."""
        if match.seat(mark).connection == asking.connection:
            return match
        return self._bind(match.id, mark, token, asking)

    def _tell_of(self, match: Match, reply: wire.Joined, asking: Asking) -> None:
        self._announcer.tell(match, without_token(reply), asking.at, but={asking.connection})

    def _bind(self, game_id: str, mark: Mark, token: str, asking: Asking) -> Match:
        connection, at = asking.connection, asking.at
        try:
            before = self._store.bind(game_id, mark, token, connection, at)
        except Conflict as conflict:
            current = asking.see(conflict.current)
            if rules.holder(current, token) is not mark:
                raise _bad_token() from None
            if current.seat(mark.other).connection == connection:
                raise Refusal(
                    ErrorCode.OWN_GAME, "You hold the other seat with this connection."
                ) from None
            raise Busy from None
        match = asking.see(rules.bound(before, mark, connection, at))
        replaced = before.seat(mark).connection
        if replaced is not None and replaced != connection:
            self._announcer.post(replaced, wire.Replaced(id=game_id))
        back = wire.Presence(
            id=game_id, mark=mark, online=True, game=rules.snapshot(match), now=at.now
        )
        self._announcer.tell(match, back, at, but={connection})
        return match

    def key(self, key: str | UnsetType) -> str:
        """The client's key, or a new one."""
        return self._new_key() if key is UNSET else key

    def seat(self, token: str, name: str, asking: Asking) -> Seat:
        """A seat newly taken by who asks."""
        return Seat(token=token, name=name, connection=asking.connection, bound_at=asking.at.now)

    def started(self, match: Match, mark: Mark, key: str | None, asking: Asking) -> wire.Started:
        """The reply to who waits in this match; without token when the key is not known."""
        return wire.Started(
            id=match.id,
            mark=mark,
            token=UNSET if key is None else wire.token_of(mark, key),
            game=rules.snapshot(asking.see(match)),
            now=asking.at.now,
        )

    def joined(self, match: Match, mark: Mark, key: str, asking: Asking) -> wire.Joined:
        """The reply to who joined this match."""
        return wire.Joined(
            id=match.id,
            mark=mark,
            token=wire.token_of(mark, key),
            game=rules.snapshot(asking.see(match)),
            now=asking.at.now,
        )


def without_token(event: wire.Joined) -> wire.Joined:
    """The event as the others may see it."""
    return with_fields(event, token=UNSET)


def _wanted(mark: str, token: str) -> Mark:
    # Chance comes out of the key, so that a repeated request is answered alike.
    return list(Mark)[int(token[-1], 16) % 2] if mark == "random" else Mark(mark)


def _bad_token() -> Refusal:
    return Refusal(ErrorCode.BAD_TOKEN, "That token is not the right to a seat of this game.")
