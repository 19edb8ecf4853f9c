"""Quick match: joins whoever has waited longest, or waits.

Two who start at the same moment do not see each other in a lobby that lags behind. So a client that
waits asks again with its own game, which then moves to an older one if there is one; of two waiting
games only the newer ever moves.

What a key came to is kept under the code that the key gives: the game that waits, or a cancelled
one that points to the game joined. It changes together with the game joined, in one transaction: a
request that comes again, at once or later, fails at it, reads it and is answered the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import UNSET

from backend.core import game as rules
from backend.core.context import Context
from backend.core.game import Game, Seat
from backend.core.ports import Busy, Change, Conflict, LobbyLine, Store
from backend.core.presence import Presence
from backend.core.seating import TRIES, Seating
from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode, Refusal


@dataclass(frozen=True, slots=True)
class Seeker:
    """Who seeks an opponent, with the key of the seat to come."""

    request: wire.QuickMatch
    context: Context
    key: str = field(repr=False)

    @property
    def token(self) -> str:
        return rules.hash_key(self.key)

    def mark_in(self, game: Game) -> Mark | None:
        """The seat that is the seeker's, by the key or by the connection."""
        return rules.holder(game, self.token) or rules.seat_of(game, self.context.connection)


@dataclass(frozen=True, slots=True)
class Place:
    """What the seeker has so far.

    ``kept`` is under the ``code`` of the key, ``brought`` is another game that the request names.
    Without a key of their own, which nobody could repeat, there is no ``code``.
    """

    code: str | None = None
    kept: Game | None = None
    brought: Game | None = None

    @property
    def games(self) -> Sequence[Game]:
        return [game for game in (self.kept, self.brought) if game is not None]


class Matchmaking:
    """Finds an opponent."""

    def __init__(self, store: Store, presence: Presence, seating: Seating) -> None:
        self._store = store
        self._presence = presence
        self._seating = seating

    def find(self, request: wire.QuickMatch, context: Context) -> wire.Started | wire.Joined:
        """Joins the longest-waiting listed game of the same clock, else waits in a listed one."""
        for _ in range(TRIES):
            seeker = Seeker(request, context, self._seating.key(request.key))
            try:
                return self._find(seeker)
            except Conflict:
                # What the seeker has was changed at this moment, perhaps by the same request.
                continue
        raise Busy

    def _find(self, seeker: Seeker) -> wire.Started | wire.Joined:
        place = self._place(seeker)
        for game in place.games:
            if game.status != "waiting":
                return self._answer(game, seeker)
        if (found := self._join_older(seeker, place)) is not None:
            return found
        if place.games:
            return self._hold(place.games[0], seeker)
        return self._wait(seeker, place)

    # What the seeker has

    def _place(self, seeker: Seeker) -> Place:
        code, kept = None, None
        if seeker.request.key is not UNSET:
            code, kept = self._kept(seeker)
        named = seeker.request.id
        is_settled = kept is not None and (kept.id == named or kept.status != "waiting")
        if named is UNSET or is_settled:
            return Place(code, kept)
        return Place(code, kept, self._brought(named, seeker, kept))

    def _kept(self, seeker: Seeker) -> tuple[str, Game | None]:
        for attempt in range(TRIES):
            code = rules.code_from(seeker.key, str(attempt))
            game = self._store.load(code, seeker.context.at)
            if game is None or rules.holder(game, seeker.token) is not None:
                return code, game
        raise Busy

    def _brought(self, game_id: str, seeker: Seeker, kept: Game | None) -> Game | None:
        """The game that the request names; beside a seat of the key only one that can move too."""
        found = self._store.load(game_id, seeker.context.at)
        if kept is not None:
            is_own = found is not None and seeker.mark_in(found) is not None
            return found if is_own and found is not None and found.status == "waiting" else None
        game = seeker.context.see(found)
        if seeker.mark_in(game) is None and game.next is None:
            raise _not_theirs()
        return game

    def _answer(self, game: Game, seeker: Seeker) -> wire.Started | wire.Joined:
        """The reply to who was joined or has joined, as it was given before."""
        if game.status != "cancelled" or game.next is None:
            return self._hold(game, seeker)
        context = seeker.context
        joined = context.see(self._store.load(game.next, context.at))
        mark = seeker.mark_in(joined)
        if mark is None:
            if seeker.mark_in(game) is None:
                raise _not_theirs()
            raise Refusal(ErrorCode.GAME_OVER, "This game was cancelled.")
        return self._seating.rejoined(joined, mark, seeker.key, context)

    def _hold(self, game: Game, seeker: Seeker) -> wire.Started:
        context = seeker.context
        mark = rules.holder(game, seeker.token)
        if mark is None:
            own = rules.judge_seated(game, context.connection)
            return self._seating.started(game, own, None, context)
        held = self._seating.hold(game, mark, seeker.token, context)
        return self._seating.started(held, mark, seeker.key, context)

    def _wait(self, seeker: Seeker, place: Place) -> wire.Started:
        request = seeker.request
        start = wire.Start(name=request.name, listed=True, clock=request.clock, key=seeker.key)
        code = place.code or rules.code_from(seeker.key, "0")
        return self._seating.open(start, seeker.key, code, seeker.context)

    # What there is to join

    def _join_older(self, seeker: Seeker, place: Place) -> wire.Joined | None:
        since, clock = seeker.context.at.oldest, seeker.request.clock
        lines = self._store.lobby("open", since, clock=clock, oldest_first=True)
        suited = [line for line in lines if _suits(line, place, seeker.context.connection)]
        for line in suited[:TRIES]:
            if (found := self._join(line.id, place, seeker)) is not None:
                return found
        return None

    def _join(self, game_id: str, place: Place, seeker: Seeker) -> wire.Joined | None:
        """Sits down at the game, if its host is there.

        Raises:
            Conflict: what the seeker has is not as it was.
        """
        context = seeker.context
        for _ in range(TRIES):
            found = self._store.load(game_id, context.at)
            mark = None if found is None else _free_seat(found, seeker)
            if found is None or mark is None:
                return None
            if not self._presence.look(found, mark.other, context.at):
                return None
            seat = self._seating.seat(seeker.token, seeker.request.name, context)
            joined = rules.joined(found, mark, seat, context.at)
            changes = [*_moves(place, joined, mark, seeker), Change(found, joined)]
            try:
                self._store.save_together(changes, context.at)
            except Conflict as conflict:
                if changes[conflict.place].after is not joined:
                    raise
                current = conflict.current
                if current is not None and rules.holder(current, seeker.token) is mark:
                    # This very request did it before, unseen.
                    return self._seating.rejoined(current, mark, seeker.key, context)
                continue
            for change in changes:
                self._tell_of_going(change, context)
            return self._seating.announced(joined, mark, seeker.key, context)
        return None

    def _tell_of_going(self, change: Change, context: Context) -> None:
        """Tells those who watched a game that waited where its host is now."""
        before, game = change.before, change.after
        if before is None or game.next is None:
            return
        for mark in Mark:
            if before.seat(mark).taken:
                shown, now = rules.snapshot(game), context.at.now
                gone = wire.Presence(id=game.id, mark=mark, online=False, game=shown, now=now)
                self._presence.tell(game, gone, context.at, but={context.connection})


def _moves(place: Place, joined: Game, mark: Mark, seeker: Seeker) -> Sequence[Change]:
    """What the seeker has points to the game joined from now on."""
    at = seeker.context.at
    moves = [Change(game, rules.moved_on(game, joined.id, at)) for game in place.games]
    if place.code is None or place.kept is not None:
        return moves
    pointer = Game(id=place.code, expires=at.expires, status="cancelled", next=joined.id)
    return [Change(None, rules.with_seat(pointer, mark, Seat(token=seeker.token))), *moves]


def _free_seat(game: Game, seeker: Seeker) -> Mark | None:
    """The seat that the seeker can take; None when that is no longer so."""
    free = next((mark for mark in Mark if not game.seat(mark).taken), None)
    is_open = game.status == "waiting" and seeker.mark_in(game) is None
    return free if is_open else None


def _suits(line: LobbyLine, place: Place, connection: str) -> bool:
    if connection in line.connections or line.free is None:
        return False
    return all((line.since, line.id) < (game.since, game.id) for game in place.games)


def _not_theirs() -> Refusal:
    return Refusal(ErrorCode.NOT_SEATED, "That waiting game is not yours.")
