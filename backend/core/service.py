"""The game service: one use case per request. Load, decide, save, tell the others.

The decisions are those of `match`; here stands only what is read and written for them, in which
order, and who hears of it. A change is stored before anybody is told. Imports shared and core only.
"""

import secrets
from collections.abc import Callable
from typing import Final, assert_never

from msgspec import UNSET, UnsetType
from msgspec.structs import replace as with_fields

from backend.core import match as rules
from backend.core.announce import Announcer
from backend.core.asking import Asking
from backend.core.match import Match, Moment, Move
from backend.core.matchmaking import Matchmaking
from backend.core.ports import (
    Busy,
    Clock,
    Conflict,
    Connections,
    LobbyLine,
    Metric,
    Metrics,
    Store,
)
from backend.core.rematch import Rematches
from backend.core.seating import TRIES, Seating
from shared import board, codec
from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode, Refusal

LIFE_SECONDS: Final = 6 * 3600


def new_key() -> str:
    """22 base64url characters, 128 random bits."""
    return secrets.token_urlsafe(16)


class Service:
    """The service is `handle` and `disconnected`, on AWS as on one's own machine.

    ``life`` is how long a game lives after its last change, seconds. ``new_key`` draws 22 base64url
    characters.
    """

    def __init__(
        self,
        store: Store,
        connections: Connections,
        clock: Clock,
        metrics: Metrics,
        *,
        life: int = LIFE_SECONDS,
        new_key: Callable[[], str] = new_key,
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._life = life
        self._announcer = Announcer(store, connections, metrics)
        self._seating = Seating(store, self._announcer, metrics, new_key)
        self._matchmaking = Matchmaking(store, self._announcer, self._seating)
        self._rematches = Rematches(store, self._announcer, metrics)

    def handle(self, body: str, connection: str) -> wire.Event | None:
        """Serves one frame and returns its reply; None where the protocol wants silence.

        What is refused, and a store that is busy, is answered by an ``error``.
        """
        asking = self._asking(connection)
        ref: str | UnsetType = UNSET
        game_id: str | UnsetType = UNSET
        try:
            request = codec.decode_request(body)
            ref = request.ref
            game_id = getattr(request, "id", UNSET)
            reply = self._reply(request, asking)
        except Refusal as refusal:
            return self._error(refusal, asking, refusal.ref or ref, refusal.game_id or game_id)
        except Busy:
            busy = Refusal(ErrorCode.BUSY, "The server is busy; try again in a moment.")
            return self._error(busy, asking, ref, game_id)
        return None if reply is None else with_fields(reply, ref=ref)

    def failed(self, body: str) -> wire.Error:
        """The reply to a frame that `handle` failed to serve, by a fault of the service."""
        try:
            ref = codec.decode_request(body).ref
        except Refusal as refusal:
            ref = refusal.ref or UNSET
        return wire.Error(
            code=ErrorCode.INTERNAL,
            message="Something went wrong on the server; try again.",
            now=self._clock.now(),
            ref=ref,
        )

    def disconnected(self, connection: str) -> None:
        """Marks the seats of a lost connection and tells the others.

        Raises:
            Busy: the store could not be asked which seats those are.
        """
        asking = self._asking(connection)
        for game_id, mark in self._store.games_of(connection):
            self._announcer.lose(game_id, mark, connection, asking.at)

    def _asking(self, connection: str) -> Asking:
        now = self._clock.now()
        return Asking(connection, Moment(now, now // 1000 + self._life))

    def _reply(self, request: wire.AnyRequest, asking: Asking) -> wire.Event | None:  # noqa: C901, PLR0911, PLR0912 (a case each)
        match request:
            case wire.Start():
                return self._seating.start(request, asking)
            case wire.Join():
                return self._seating.join(request, asking)
            case wire.Match():
                return self._matchmaking.match(request, asking)
            case wire.Play():
                return self._play(request, asking)
            case wire.Resume():
                return self._seating.resume(request, asking)
            case wire.Leave():
                return self._leave(request, asking)
            case wire.Resign():
                return self._resign(request, asking)
            case wire.Claim():
                return self._claim(request, asking)
            case wire.Rematch():
                return self._rematches.rematch(request, asking)
            case wire.Watch():
                return self._watch(request, asking)
            case wire.List():
                return self._list(request, asking)
            case wire.Emote():
                return self._emote(request, asking)
            case wire.Ping():
                return self._ping(request, asking)
            case _:
                assert_never(request)

    def _error(
        self,
        refusal: Refusal,
        asking: Asking,
        ref: str | UnsetType,
        game_id: str | UnsetType,
    ) -> wire.Error:
        self._metrics.count({Metric.REFUSED: 1})
        seen = self._seen(refusal, asking, game_id)
        at_table = seen is not None and asking.connection in rules.audience(seen)
        return wire.Error(
            code=refusal.code,
            message=refusal.message,
            now=asking.at.now,
            ref=ref,
            id=game_id,
            game=rules.snapshot(seen) if seen is not None and at_table else UNSET,
            retry_at=refusal.retry_at if refusal.code is ErrorCode.TOO_EARLY else UNSET,
        )

    def _seen(self, refusal: Refusal, asking: Asking, game_id: str | UnsetType) -> Match | None:
        """The match that the request names: a `match` can be refused at another one."""
        if game_id is UNSET:
            return None
        if asking.seen is not None and asking.seen.id == game_id:
            return asking.seen
        # A store that was busy is not asked once more.
        if refusal.code in {ErrorCode.NO_SUCH_GAME, ErrorCode.BUSY}:
            return None
        try:
            return self._store.load(game_id, asking.at)
        except Busy:
            return None

    def _tell(self, match: Match, event: wire.Event, asking: Asking) -> None:
        self._announcer.tell(match, event, asking.at, but={asking.connection})

    def _change(self, game_id: str, asking: Asking, decide: Callable[[Match], Match]) -> Match:
        """Loads, decides and saves, against whoever changes the match at the same time."""
        current = asking.see(self._store.load(game_id, asking.at))
        for _ in range(TRIES):
            changed = decide(current)
            if changed is current:
                return current
            try:
                saved = asking.see(self._store.save(current, changed, asking.at))
            except Conflict as conflict:
                current = asking.see(conflict.current)
                continue
            if current.phase == "playing":
                self._count_finished(saved)
            return saved
        raise Busy

    # Playing

    def _play(self, request: wire.Play, asking: Asking) -> wire.Event | None:
        match = self._played(request, board.cell_of(request.tile), asking)
        mark = rules.judge_seated(match, asking.connection)
        event = wire.Played(
            id=match.id,
            mark=mark,
            tile=request.tile,
            game=rules.snapshot(match),
            now=asking.at.now,
        )
        self._tell(match, event, asking)
        return None if request.ref is UNSET else event

    def _played(self, request: wire.Play, cell: int, asking: Asking) -> Match:
        connection, at = asking.connection, asking.at
        after = None if request.after is UNSET else request.after
        # What the player saw is taken for the truth first: then a move costs one write and no read.
        claimed = after is not None and cell in board.free(after)
        current = None if claimed else asking.see(self._store.load(request.id, at))
        for _ in range(TRIES):
            if current is None:
                move = Move(after or "", cell)
            elif rules.is_repeat(current, connection, cell):
                return current
            else:
                move = rules.judge_play(current, connection, cell, after)
            try:
                match = self._store.append_move(request.id, connection, move, at)
            except Conflict as conflict:
                current = asking.see(conflict.current)
                continue
            self._count_finished(match)
            return match
        raise Busy

    def _resign(self, request: wire.Resign, asking: Asking) -> wire.Event:
        def decide(match: Match) -> Match:
            mark = rules.judge_seated(match, asking.connection)
            if match.status == "resigned" and match.winner is mark.other:
                return match
            rules.check(match, rules.Action.RESIGN)
            return rules.resigned(match, mark, asking.at)

        match = self._change(request.id, asking, decide)
        mark = rules.judge_seated(match, asking.connection)
        event = wire.Resigned(id=match.id, mark=mark, game=rules.snapshot(match), now=asking.at.now)
        self._tell(match, event, asking)
        return event

    def _claim(self, request: wire.Claim, asking: Asking) -> wire.Event:
        def decide(match: Match) -> Match:
            mark = rules.judge_seated(match, asking.connection)
            if match.status in {"timeout", "abandoned"} and match.winner is mark:
                return match
            reason = rules.judge_claim(match, mark, asking.at.now)
            return rules.claimed(match, mark, reason, asking.at)

        match = self._change(request.id, asking, decide)
        mark = rules.judge_seated(match, asking.connection)
        event = wire.Claimed(id=match.id, mark=mark, game=rules.snapshot(match), now=asking.at.now)
        self._tell(match, event, asking)
        return event

    def _count_finished(self, match: Match) -> None:
        if match.phase == "finished":
            self._metrics.count({Metric.FINISHED: 1, Metric.MOVES: len(match.moves)})

    def _leave(self, request: wire.Leave, asking: Asking) -> wire.Event:
        marks: set[Mark] = set()

        def decide(match: Match) -> Match:
            mark = rules.seat_of(match, asking.connection)
            if mark is None:
                return match
            marks.add(mark)
            return rules.left(match, mark, asking.at)

        match = self._change(request.id, asking, decide)
        if asking.connection in match.watchers:
            match = self._unwatched(match, asking)
        game, now = rules.snapshot(match), asking.at.now
        # Of those that it held at any try: one can have been left by a try that seemed to fail.
        for mark in marks:
            if match.seat(mark).connection is not None:
                continue
            gone = wire.Presence(id=match.id, mark=mark, online=False, game=game, now=now)
            self._tell(match, gone, asking)
        return wire.Left(id=match.id, game=game, now=now)

    def _unwatched(self, match: Match, asking: Asking) -> Match:
        try:
            return self._store.unwatch(match.id, asking.connection, asking.at)
        except Conflict as conflict:
            return asking.see(conflict.current)

    def _emote(self, request: wire.Emote, asking: Asking) -> wire.Event:
        try:
            match = self._store.emote(request.id, asking.connection, asking.at)
        except Conflict as conflict:
            match = asking.see(conflict.current)
            rules.judge_seated(match, asking.connection)
            spoken = match.emoted.get(asking.connection, asking.at.now)
            raise Refusal(
                ErrorCode.TOO_EARLY,
                "One emote a second is enough.",
                retry_at=spoken + rules.EMOTE_PAUSE_MS,
            ) from None
        mark = rules.judge_seated(match, asking.connection)
        event = wire.Emoted(id=match.id, mark=mark, emote=request.emote)
        self._tell(match, event, asking)
        return event

    # Looking

    def _watch(self, request: wire.Watch, asking: Asking) -> wire.Event:
        match = asking.see(self._watched(request.id, asking))
        return wire.Watching(id=match.id, game=rules.snapshot(match), now=asking.at.now)

    def _watched(self, game_id: str, asking: Asking) -> Match:
        try:
            return self._store.watch(game_id, asking.connection, asking.at)
        except Conflict as conflict:
            current = asking.see(conflict.current)
        if rules.seat_of(current, asking.connection) is not None:
            return current
        if self._announcer.prune(current, asking.at):
            try:
                return self._store.watch(game_id, asking.connection, asking.at)
            except Conflict as conflict:
                asking.see(conflict.current)
        raise Refusal(
            ErrorCode.TOO_MANY, f"{rules.MAX_WATCHERS} people are watching this game already."
        )

    def _list(self, request: wire.List, asking: Asking) -> wire.Event:
        lines = self._store.lobby(request.kind, asking.at.oldest)
        return wire.Listed(games=tuple(_listing(line) for line in lines))

    def _ping(self, request: wire.Ping, asking: Asking) -> wire.Event:
        if request.id is UNSET:
            return wire.Pong(now=asking.at.now)
        match = asking.see(self._store.load(request.id, asking.at))
        return wire.Pong(
            now=asking.at.now,
            id=match.id,
            mark=rules.seat_of(match, asking.connection),
            game=rules.snapshot(match),
        )


def _listing(line: LobbyLine) -> wire.Listing:
    x, o = (
        None if name is None else rules.name_of(name, mark)
        for mark, name in zip(Mark, line.names, strict=True)
    )
    return wire.Listing(
        id=line.id,
        names=wire.Names(x=x, o=o),
        mark=line.free,
        clock=line.clock,
        since=line.since,
    )
