"""Quick match: joins whoever has waited longest, or waits.

Two who start at the same moment do not see each other in a lobby that lags behind. So a client that
waits asks again with its own game, which then moves to an older one if there is one; of two waiting
games only the newer ever moves.
"""

import contextlib
from dataclasses import dataclass, field

from msgspec import UNSET
from msgspec.structs import replace as with_fields

from backend.core import game as rules
from backend.core.context import Context
from backend.core.game import Game, Seat
from backend.core.ports import Busy, Conflict, LobbyLine, Store
from backend.core.pushes import Pushes
from backend.core.seating import TRIES, Seating, without_token
from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode, Refusal


@dataclass(frozen=True, slots=True)
class Own:
    """The game that who asks started, or moved on from."""

    game: Game
    mark: Mark


@dataclass(frozen=True, slots=True)
class Seeker:
    """Who seeks an opponent, with the key of the seat to come; ``keyed`` when it is their own."""

    request: wire.QuickMatch
    context: Context
    key: str = field(repr=False)

    @property
    def keyed(self) -> bool:
        return self.request.key is not UNSET

    @property
    def token(self) -> str:
        return rules.hash_key(self.key)


class Matchmaking:
    """Finds an opponent."""

    def __init__(self, store: Store, pushes: Pushes, seating: Seating) -> None:
        self._store = store
        self._pushes = pushes
        self._seating = seating

    def find(self, request: wire.QuickMatch, context: Context) -> wire.Started | wire.Joined:
        """Joins the longest-waiting listed game of the same clock, else waits in a listed one."""
        seeker = Seeker(request, context, self._seating.key(request.key))
        own = self._own(seeker)
        if own is not None and own.game.status != "waiting":
            return self._repeat(own, seeker)
        found = self._join_older(seeker, own)
        if found is None:
            return self._wait(seeker) if own is None else self._hold(own, seeker)
        if own is None and seeker.keyed:
            own = self._remember(seeker, found)
        return found if own is None else self._settle(own, found, seeker)

    def _own(self, seeker: Seeker) -> Own | None:
        request, context = seeker.request, seeker.context
        if request.id is not UNSET:
            game = context.see(self._store.load(request.id, context.at))
            mark = rules.holder(game, seeker.token) or rules.seat_of(game, context.connection)
            if mark is None:
                raise Refusal(ErrorCode.NOT_SEATED, "That waiting game is not yours.")
            return Own(game, mark)
        if not seeker.keyed:
            return None
        # A request whose reply was lost comes again: what its key did is found under its code.
        earlier = self._store.load(rules.code_from(seeker.key, "0"), context.at)
        return _held(earlier, seeker)

    def _repeat(self, own: Own, seeker: Seeker) -> wire.Started | wire.Joined:
        """The game that came of an earlier request."""
        if own.game.status != "cancelled" or own.game.next is None:
            return self._hold(own, seeker)
        context, token = seeker.context, seeker.token
        game = context.see(self._store.load(own.game.next, context.at))
        mark = rules.holder(game, token)
        if mark is None:
            raise Refusal(ErrorCode.GAME_OVER, "This game was cancelled.")
        held = self._seating.hold(game, mark, token, context)
        return self._seating.joined(held, mark, seeker.key, context)

    def _settle(self, own: Own, found: wire.Joined, seeker: Seeker) -> wire.Started | wire.Joined:
        """Of the own game and the one found, one is kept: the found one while the own waits."""
        context = seeker.context
        if own.game.status == "waiting":
            try:
                taken = self._give_up(own, found, context)
            except Busy:
                with contextlib.suppress(Busy):
                    self._turn_away(found, context)
                raise
            return found if taken is None else self._hold(taken, seeker)
        if own.game.next == found.id:
            return found
        self._turn_away(found, context)
        return self._repeat(own, seeker)

    def _wait(self, seeker: Seeker) -> wire.Started:
        request = seeker.request
        start = wire.Start(name=request.name, listed=True, clock=request.clock, key=seeker.key)
        return self._seating.start(start, seeker.context)

    def _hold(self, own: Own, seeker: Seeker) -> wire.Started:
        context = seeker.context
        if rules.holder(own.game, seeker.token) is not own.mark:
            return self._seating.started(own.game, own.mark, None, context)
        game = self._seating.hold(own.game, own.mark, seeker.token, context)
        return self._seating.started(game, own.mark, seeker.key, context)

    def _join_older(self, seeker: Seeker, own: Own | None) -> wire.Joined | None:
        since, clock = seeker.context.at.oldest, seeker.request.clock
        lines = self._store.lobby("open", since, clock=clock, oldest_first=True)
        suited = [line for line in lines if _suits(line, own, seeker.context.connection)]
        for line in suited[:TRIES]:
            if (found := self._join(line, seeker)) is not None:
                return found
        return None

    def _join(self, line: LobbyLine, seeker: Seeker) -> wire.Joined | None:
        context, mark = seeker.context, line.free or Mark.O
        seat = self._seating.seat(seeker.token, seeker.request.name, context)
        try:
            game = self._store.take_seat(line.id, mark, seat, context.at)
        except Conflict as conflict:
            current = conflict.current
            if current is None or not _has_just_sat_down(current, mark, seeker):
                return None
            game = self._seating.hold(current, mark, seeker.token, context)
        found = self._seating.joined(game, mark, seeker.key, context)
        host = game.seat(mark.other).connection
        if host is None or not self._pushes.post(host, without_token(found)):
            return self._release(game, found, line.since, context)
        others = {context.connection, host}
        self._pushes.tell(game, without_token(found), context.at, but=others)
        return found

    def _release(
        self, game: Game, found: wire.Joined, since: int, context: Context
    ) -> wire.Joined | None:
        """Gives the seat back to a host who is gone, for whom the game waits on."""
        host, gone = found.mark.other, game.seat(found.mark.other).connection
        current: Game | None = game
        for _ in range(TRIES):
            freed = rules.released(game, found.mark, context.at, since=since)
            current = self._free(game, freed, host, context)
            if current is None or rules.seat_of(current, context.connection) is None:
                return None
            if current.seat(host).connection not in {None, gone}:
                # The host came back in this moment, on another connection: the game is on.
                back = with_fields(found, game=rules.snapshot(current))
                but = {context.connection}
                self._pushes.tell(current, without_token(back), context.at, but=but)
                return back
            game = current
        return None

    def _free(self, game: Game, freed: Game, shown: Mark, context: Context) -> Game | None:
        """Saves the freed game and tells of the seat ``shown``; if it had changed, returns it."""
        try:
            saved = self._store.save(game, freed, context.at)
        except Conflict as conflict:
            return conflict.current
        self._tell_absent(saved, shown, context)
        return None

    def _tell_absent(self, game: Game, mark: Mark, context: Context) -> None:
        seen = wire.Presence(
            id=game.id, mark=mark, online=False, game=rules.snapshot(game), now=context.at.now
        )
        self._pushes.tell(game, seen, context.at, but={context.connection})

    def _give_up(self, own: Own, found: wire.Joined, context: Context) -> Own | None:
        """Cancels the own waiting game; if somebody has just joined it, gives up the found one."""
        current = own.game
        for _ in range(TRIES):
            moved = rules.moved_on(current, found.id, context.at)
            try:
                saved = self._store.save(current, moved, context.at)
            except Conflict as conflict:
                if conflict.current is None or conflict.current.status == "cancelled":
                    return None
                current = conflict.current
                if current.status == "waiting":
                    continue
                self._turn_away(found, context)
                return Own(current, own.mark)
            self._tell_absent(saved, own.mark, context)
            return None
        raise Busy

    def _turn_away(self, found: wire.Joined, context: Context) -> None:
        """Gives the found seat up: free again, or left when its host has already begun to play."""
        joined = self._store.load(found.id, context.at)
        for _ in range(TRIES):
            if joined is None or joined.status != "playing":
                return
            if joined.moves:
                freed = rules.left(joined, found.mark, context.at)
            else:
                freed = rules.released(joined, found.mark, context.at)
            joined = self._free(joined, freed, found.mark, context)

    def _remember(self, seeker: Seeker, found: wire.Joined) -> Own | None:
        """Leaves a cancelled game under the code of the key that points to the one joined.

        Returns what another try with the same key has left or started there meanwhile.
        """
        context, seat = seeker.context, Seat(token=seeker.token)
        pointer = Game(
            id=rules.code_from(seeker.key, "0"),
            expires=context.at.expires,
            status="cancelled",
            next=found.id,
        )
        try:
            self._store.create(rules.with_seat(pointer, found.mark, seat), context.at)
        except Conflict as conflict:
            return _held(conflict.current, seeker)
        except Busy:
            # Only the repeat of a lost reply is lost.
            pass
        return None


def _held(game: Game | None, seeker: Seeker) -> Own | None:
    """The game, if it is one of this key: a code can be somebody else's."""
    mark = None if game is None else rules.holder(game, seeker.token)
    return None if game is None or mark is None else Own(game, mark)


def _has_just_sat_down(game: Game, mark: Mark, seeker: Seeker) -> bool:
    """Whether the seat was taken with this key by a try whose answer was lost."""
    begins = game.status == "playing" and not game.moves
    return begins and rules.holder(game, seeker.token) is mark


def _suits(line: LobbyLine, own: Own | None, connection: str) -> bool:
    if connection in line.connections or line.free is None:
        return False
    return own is None or (line.since, line.id) < (own.game.since, own.game.id)
