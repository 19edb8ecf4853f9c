"""The game service: one use case per request. Load, decide, save, tell the others.

The decisions are those of `game`; here stands only what is read and written for them, in which
order, and who hears of it. A change is stored before anybody is told.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Final, assert_never

from msgspec import UNSET, UnsetType
from msgspec.structs import replace as with_fields

from backend.core import game as rules
from backend.core.context import Context
from backend.core.game import Game, Moment, Move
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
from backend.core.presence import Presence
from backend.core.pushes import Pushes
from backend.core.rematch import Rematches
from backend.core.seating import TRIES, Seating
from shared import board, codec
from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode, Refusal
from shared.text import shown_name

LIFE_SECONDS: Final = 6 * 3600

_FAILED: Final = "Something went wrong on the server; try again."


def new_key() -> str:
    """22 base64url characters, 128 random bits."""
    return secrets.token_urlsafe(16)


def new_nonce() -> int:
    """What tells requests of one millisecond apart."""
    return secrets.randbelow(1 << rules.NONCE_BITS)


class Service:
    """The service is `handle` and `disconnected`, on AWS as on one's own machine.

    ``life`` is how long a game lives after its last change, seconds. ``new_key`` draws 22 base64url
    characters, ``new_nonce`` 20 bits.
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
        new_nonce: Callable[[], int] = new_nonce,
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._life = life
        self._new_nonce = new_nonce
        pushes = Pushes(connections, metrics)
        self._presence = Presence(store, connections, pushes, metrics)
        self._seating = Seating(store, pushes, self._presence, metrics, new_key)
        self._matchmaking = Matchmaking(store, self._presence, self._seating)
        self._rematches = Rematches(store, self._presence, metrics)

    def handle(self, body: str, connection: str) -> wire.Event | None:
        """Serves one frame and returns its reply; None where the protocol wants silence.

        What is refused, and a store that is busy, is answered by an ``error``.
        """
        context = self._context(connection)
        ref: str | UnsetType = UNSET
        game_id: str | UnsetType = UNSET
        try:
            request = codec.decode_request(body)
            ref, game_id = _named(request)
            reply = self._reply(request, context)
        except Refusal as refusal:
            return self._error(refusal, context, refusal.ref or ref, refusal.game_id or game_id)
        except Busy as busy:
            again = Refusal(ErrorCode.BUSY, busy.sentence)
            return self._error(again, context, ref, game_id)
        return None if reply is None else with_fields(reply, ref=ref)

    def failed(self, body: str, busy: Busy | None = None) -> wire.Error:
        """The reply to a frame that was not served, by a fault of the service."""
        code = ErrorCode.BUSY if busy else ErrorCode.INTERNAL
        try:
            ref, game_id = _named(codec.decode_request(body))
        except Refusal as refusal:
            ref, game_id = refusal.ref or UNSET, refusal.game_id or UNSET
        return wire.Error(
            code=code,
            message=busy.sentence if busy else _FAILED,
            now=self._clock.now(),
            ref=ref,
            id=game_id,
        )

    def disconnected(self, connection: str) -> None:
        """Marks the seats of a lost connection and tells the others.

        Raises:
            Busy: the store could not be asked which seats those are.
        """
        context = self._context(connection)
        self._presence.disconnected(connection, context.at)

    def _context(self, connection: str) -> Context:
        now = self._clock.now()
        return Context(connection, Moment(now, now // 1000 + self._life, self._new_nonce()))

    def _reply(self, request: wire.AnyRequest, context: Context) -> wire.Event | None:  # noqa: C901, PLR0911, PLR0912 (a case each)
        match request:
            case wire.Start():
                return self._seating.start(request, context)
            case wire.Join():
                return self._seating.join(request, context)
            case wire.QuickMatch():
                return self._matchmaking.find(request, context)
            case wire.Play():
                return self._play(request, context)
            case wire.Resume():
                return self._seating.resume(request, context)
            case wire.Leave():
                return self._leave(request, context)
            case wire.Resign():
                return self._resign(request, context)
            case wire.Claim():
                return self._claim(request, context)
            case wire.Rematch():
                return self._rematches.rematch(request, context)
            case wire.Watch():
                return self._watch(request, context)
            case wire.List():
                return self._list(request, context)
            case wire.Emote():
                return self._emote(request, context)
            case wire.Ping():
                return self._ping(request, context)
            case _:
                assert_never(request)

    def _error(
        self,
        refusal: Refusal,
        context: Context,
        ref: str | UnsetType,
        game_id: str | UnsetType,
    ) -> wire.Error:
        # What is busy is the service's own trouble, and no mistake of the one who asks.
        refused = Metric.BUSY if refusal.code is ErrorCode.BUSY else Metric.REFUSED
        self._metrics.count({refused: 1})
        seen = self._seen(refusal, context, game_id)
        at_table = seen is not None and context.connection in rules.audience(seen)
        return wire.Error(
            code=refusal.code,
            message=refusal.message,
            now=context.at.now,
            ref=ref,
            id=game_id,
            game=rules.snapshot(seen) if seen is not None and at_table else UNSET,
            retry_at=refusal.retry_at if refusal.code is ErrorCode.TOO_EARLY else UNSET,
        )

    def _seen(self, refusal: Refusal, context: Context, game_id: str | UnsetType) -> Game | None:
        """The game that the request names: a `match` can be refused at another one."""
        # A store that is busy may have changed the game, and is not asked once more.
        if game_id is UNSET or refusal.code in {ErrorCode.NO_SUCH_GAME, ErrorCode.BUSY}:
            return None
        if context.seen is not None and context.seen.id == game_id:
            return context.seen
        try:
            return self._store.load(game_id, context.at)
        except Busy:
            return None

    def _tell(self, game: Game, event: wire.Event, context: Context) -> None:
        self._presence.tell(game, event, context.at, but={context.connection})

    def _change(self, game_id: str, context: Context, decide: Callable[[Game], Game]) -> Game:
        """Loads, decides and saves, against whoever changes the game at the same time."""
        current = context.see(self._store.load(game_id, context.at))
        for _ in range(TRIES):
            changed = decide(current)
            if changed is current:
                return current
            try:
                saved = context.see(self._store.save(current, changed, context.at))
            except Conflict as conflict:
                current = context.see(conflict.current)
                continue
            if current.phase == "playing":
                self._count_finished(saved)
            return saved
        raise Busy

    # Playing

    def _play(self, request: wire.Play, context: Context) -> wire.Event | None:
        game = self._played(request, board.cell_of(request.tile), context)
        mark = rules.judge_seated(game, context.connection)
        event = wire.Played(
            id=game.id,
            mark=mark,
            tile=request.tile,
            game=rules.snapshot(game),
            now=context.at.now,
        )
        self._tell(game, event, context)
        return None if request.ref is UNSET else event

    def _played(self, request: wire.Play, cell: int, context: Context) -> Game:
        connection, at = context.connection, context.at
        after = None if request.after is UNSET else request.after
        # What the player saw is taken for the truth first: then a move costs one write and no read.
        claimed = after is not None and cell in board.free(after)
        current = None if claimed else context.see(self._store.load(request.id, at))
        for _ in range(TRIES):
            if current is None:
                move = Move(after or "", cell)
            elif rules.is_repeat(current, connection, cell):
                return current
            else:
                move = rules.judge_play(current, connection, cell, after)
            try:
                game = self._store.append_move(request.id, connection, move, at)
            except Conflict as conflict:
                current = context.see(conflict.current)
                continue
            self._count_finished(game)
            return game
        raise Busy

    def _resign(self, request: wire.Resign, context: Context) -> wire.Event:
        def decide(game: Game) -> Game:
            mark = rules.judge_seated(game, context.connection)
            if game.status == "resigned" and game.winner is mark.other:
                return game
            rules.check(game, rules.Action.RESIGN)
            return rules.resigned(game, mark, context.at)

        game = self._change(request.id, context, decide)
        mark = rules.judge_seated(game, context.connection)
        event = wire.Resigned(id=game.id, mark=mark, game=rules.snapshot(game), now=context.at.now)
        self._tell(game, event, context)
        return event

    def _claim(self, request: wire.Claim, context: Context) -> wire.Event:
        def decide(game: Game) -> Game:
            mark = rules.judge_seated(game, context.connection)
            if game.status in {"timeout", "abandoned"} and game.winner is mark:
                return game
            reason = rules.judge_claim(game, mark, context.at.now)
            return rules.claimed(game, mark, reason, context.at)

        try:
            game = self._change(request.id, context, decide)
        except Refusal as refusal:
            if refusal.code is not ErrorCode.TOO_EARLY or not self._finds_out(context):
                raise
            game = self._change(request.id, context, decide)
        mark = rules.judge_seated(game, context.connection)
        event = wire.Claimed(id=game.id, mark=mark, game=rules.snapshot(game), now=context.at.now)
        self._tell(game, event, context)
        return event

    def _finds_out(self, context: Context) -> bool:
        """Whether a claim that seems too early runs from now on, and did not before.

        The clock may have been set back, or nobody noticed that the opponent is gone.
        """
        game = context.see(context.seen)
        counted = rules.counted_anew(game, context.at)
        if counted is not game:
            with suppress(Busy, Conflict):
                self._store.save(game, counted, context.at)
            return True
        opponent = rules.judge_seated(game, context.connection).other
        is_away = game.seat(opponent).connection is None
        return not (is_away or self._presence.look(game, opponent, context.at))

    def _count_finished(self, game: Game) -> None:
        if game.phase == "finished":
            self._metrics.count({Metric.FINISHED: 1, Metric.MOVES: len(game.moves)})

    def _leave(self, request: wire.Leave, context: Context) -> wire.Event:
        marks: set[Mark] = set()

        def decide(game: Game) -> Game:
            if (mark := rules.seat_of(game, context.connection)) is not None:
                marks.add(mark)
                return rules.left(game, mark, context.at)
            # Left by a request before this one, of which perhaps nobody was told.
            left = rules.left_by(game, context.connection)
            if left is not None and context.connection not in game.watchers:
                marks.add(left)
            return game

        game = self._change(request.id, context, decide)
        if context.connection in game.watchers:
            game = self._unwatched(game, context)
        snapshot, now = rules.snapshot(game), context.at.now
        # Of those that it held at any try: one can have been left by a try that seemed to fail.
        for mark in marks:
            if game.seat(mark).connection is not None:
                continue
            gone = wire.Presence(id=game.id, mark=mark, online=False, game=snapshot, now=now)
            self._tell(game, gone, context)
        return wire.Left(id=game.id, game=snapshot, now=now)

    def _unwatched(self, game: Game, context: Context) -> Game:
        try:
            return self._store.unwatch(game.id, context.connection, context.at)
        except Conflict as conflict:
            return context.see(conflict.current)

    def _emote(self, request: wire.Emote, context: Context) -> wire.Event:
        try:
            game = self._store.emote(request.id, context.connection, context.at)
        except Conflict as conflict:
            game = context.see(conflict.current)
            rules.judge_seated(game, context.connection)
            spoken = game.emoted.get(context.connection, context.at.spoken)
            # Noted of this very request, it was made before, unseen.
            if spoken != context.at.spoken:
                raise Refusal(
                    ErrorCode.TOO_EARLY,
                    "One emote a second is enough.",
                    retry_at=rules.spoken_at(spoken) + rules.EMOTE_PAUSE_MS,
                ) from None
        mark = rules.judge_seated(game, context.connection)
        event = wire.Emoted(id=game.id, mark=mark, emote=request.emote)
        self._tell(game, event, context)
        return event

    # Looking

    def _watch(self, request: wire.Watch, context: Context) -> wire.Event:
        game = context.see(self._watched(request.id, context))
        return wire.Watching(id=game.id, game=rules.snapshot(game), now=context.at.now)

    def _watched(self, game_id: str, context: Context) -> Game:
        try:
            return self._store.watch(game_id, context.connection, context.at)
        except Conflict as conflict:
            current = context.see(conflict.current)
        if rules.seat_of(current, context.connection) is not None:
            return current
        if self._presence.prune(current, context.at):
            try:
                return self._store.watch(game_id, context.connection, context.at)
            except Conflict as conflict:
                context.see(conflict.current)
        raise Refusal(
            ErrorCode.TOO_MANY, f"{rules.MAX_WATCHERS} people are watching this game already."
        )

    def _list(self, request: wire.List, context: Context) -> wire.Event:
        kinds: tuple[wire.LobbyKind, ...] = (
            ("open", "live") if request.kind == "all" else (request.kind,)
        )
        # A game that begins between the two looks is in both: it has begun.
        lines = {
            line.id: line for kind in kinds for line in self._store.lobby(kind, context.at.oldest)
        }
        return wire.Listed(games=tuple(_listing(line) for line in lines.values()))

    def _ping(self, request: wire.Ping, context: Context) -> wire.Event:
        if request.id is UNSET:
            return wire.Pong(now=context.at.now)
        game = context.see(self._store.load(request.id, context.at))
        return wire.Pong(
            now=context.at.now,
            id=game.id,
            mark=rules.seat_of(game, context.connection),
            game=rules.snapshot(game),
        )


def _named(request: wire.AnyRequest) -> tuple[str | UnsetType, str | UnsetType]:
    """The ``ref`` and the game of a request."""
    return request.ref, getattr(request, "id", UNSET)


def _listing(line: LobbyLine) -> wire.Listing:
    x, o = (
        None if name is None else shown_name(name, mark)
        for mark, name in zip(Mark, line.names, strict=True)
    )
    return wire.Listing(
        id=line.id,
        names=wire.Names(x=x, o=o),
        mark=line.free,
        clock=line.clock,
        since=line.since,
    )
