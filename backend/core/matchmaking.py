"""Quick match: joins whoever has waited longest, or waits. Imports shared and core only.

Two who start at the same moment do not see each other in a lobby that lags behind. So a client that waits asks again with
its own game, which then moves to an older one if there is one; of two waiting games only the newer ever moves.
"""

from dataclasses import dataclass

from msgspec import UNSET
from msgspec.structs import replace as with_fields

from backend.core import match as rules
from backend.core.announce import Announcer
from backend.core.asking import Asking
from backend.core.match import Match, Seat
from backend.core.ports import Busy, Conflict, LobbyLine, Store
from backend.core.seating import TRIES, Seating, without_token
from shared import messages as wire
from shared.board import Mark
from shared.errors import ErrorCode, Refusal


@dataclass(frozen=True, slots=True)
class Own:
    """The game that who asks started, or moved on from, with this key."""

    match: Match
    mark: Mark


class Matchmaking:
    """Finds an opponent. ``life`` is how long a game lives, seconds."""

    def __init__(self, store: Store, announcer: Announcer, seating: Seating, life: int) -> None:
        self._store = store
        self._announcer = announcer
        self._seating = seating
        self._life = life

    def match(self, request: wire.Match, asking: Asking) -> wire.Started | wire.Joined:
        """Joins the longest-waiting listed game of the same clock, else waits in a listed one."""
        key = self._seating.key(request.key)
        token = rules.hash_key(key)
        known_key = None if request.key is UNSET else key
        own = self._own(request, token, asking)
        if own is not None and own.match.status != "waiting":
            return self._repeat(own, key, known_key, token, asking)
        found = self._join_older(request, key, own, asking)
        if found is None:
            return self._wait(request, key, known_key, own, token, asking)
        if own is not None and (taken := self._give_up(own, found, asking)) is not None:
            return self._hold_own(taken, known_key, token, asking)
        if own is None and known_key is not None:
            self._remember(known_key, token, found, asking)
        return found

    def _own(self, request: wire.Match, token: str, asking: Asking) -> Own | None:
        if request.id is not UNSET:
            match = asking.see(self._store.load(request.id, asking.at))
            mark = rules.holder(match, token) or rules.seat_of(match, asking.connection)
            if mark is None:
                raise Refusal(ErrorCode.NOT_SEATED, "That waiting game is not yours.")
            return Own(match, mark)
        if request.key is UNSET:
            return None
        # A request whose reply was lost comes again: what its key did is found under the code of the key.
        earlier = self._store.load(rules.code_from(request.key, "0"), asking.at)
        held = None if earlier is None else rules.holder(earlier, token)
        return None if earlier is None or held is None else Own(earlier, held)

    def _repeat(
        self, own: Own, key: str, known_key: str | None, token: str, asking: Asking
    ) -> wire.Started | wire.Joined:
        if own.match.status != "cancelled" or own.match.next is None:
            return self._hold_own(own, known_key, token, asking)
        match = asking.see(self._store.load(own.match.next, asking.at))
        mark = rules.holder(match, token)
        if mark is None:
            raise Refusal(ErrorCode.GAME_OVER, "This game was cancelled.")
        return self._seating.joined(
            self._seating.hold(match, mark, token, asking), mark, key, asking
        )

    def _wait(
        self,
        request: wire.Match,
        key: str,
        known_key: str | None,
        own: Own | None,
        token: str,
        asking: Asking,
    ) -> wire.Started:
        if own is not None:
            return self._hold_own(own, known_key, token, asking)
        start = wire.Start(name=request.name, listed=True, clock=request.clock, key=key)
        return self._seating.start(start, asking)

    def _hold_own(
        self, own: Own, known_key: str | None, token: str, asking: Asking
    ) -> wire.Started:
        if known_key is None:
            return self._seating.started(own.match, own.mark, None, asking)
        match = self._seating.hold(own.match, own.mark, token, asking)
        return self._seating.started(match, own.mark, known_key, asking)

    def _join_older(
        self, request: wire.Match, key: str, own: Own | None, asking: Asking
    ) -> wire.Joined | None:
        since = asking.at.now - 1000 * self._life
        lines = self._store.lobby("open", since, clock=request.clock, oldest_first=True)
        suited = [line for line in lines if _suits(line, own, asking)]
        for line in suited[:TRIES]:
            if (found := self._join(line, request, key, asking)) is not None:
                return found
        return None

    def _join(
        self, line: LobbyLine, request: wire.Match, key: str, asking: Asking
    ) -> wire.Joined | None:
        mark = line.free or Mark.O
        seat = self._seating.seat(rules.hash_key(key), request.name, asking)
        try:
            match = self._store.take_seat(line.id, mark, seat, asking.at)
        except Conflict:
            return None
        found = self._seating.joined(match, mark, key, asking)
        host = match.seat(mark.other).connection
        if host is None or not self._announcer.post(host, without_token(found)):
            return self._release(match, found, asking)
        others = {asking.connection, host}
        self._announcer.tell(match, without_token(found), asking.at, but=others)
        return found

    def _release(self, match: Match, found: wire.Joined, asking: Asking) -> wire.Joined | None:
        """Gives the seat back to a host who is gone, for whom the match waits on."""
        freed = rules.released(match, found.mark, asking.at, host_gone=True)
        current = self._free(match, freed, found.mark.other, asking)
        if current is None or rules.seat_of(current, asking.connection) is None:
            return None
        # The host came back in this moment, on another connection: the game is on.
        back = with_fields(found, game=rules.snapshot(current))
        self._announcer.tell(current, without_token(back), asking.at, but={asking.connection})
        return back

    def _free(self, match: Match, freed: Match, shown: Mark, asking: Asking) -> Match | None:
        """Saves the freed match and tells of the seat ``shown``; the match as it is when it changed before."""
        try:
            saved = self._store.save(match, freed, asking.at)
        except Conflict as conflict:
            return conflict.current
        seen = wire.Presence(
            id=saved.id, mark=shown, online=False, game=rules.snapshot(saved), now=asking.at.now
        )
        self._announcer.tell(saved, seen, asking.at, but={asking.connection})
        return None

    def _give_up(self, own: Own, found: wire.Joined, asking: Asking) -> Own | None:
        """Cancels the own waiting game; when somebody joined it just now, gives up the found one and returns it."""
        current = own.match
        for _ in range(TRIES):
            moved = rules.moved_on(current, found.id, asking.at)
            try:
                self._store.save(current, moved, asking.at)
            except Conflict as conflict:
                if conflict.current is None or conflict.current.status == "cancelled":
                    return None
                current = conflict.current
                if current.status == "waiting":
                    continue
                joined = self._store.load(found.id, asking.at)
                if joined is not None and not joined.moves:
                    freed = rules.released(joined, found.mark, asking.at, host_gone=False)
                    self._free(joined, freed, found.mark, asking)
                return Own(current, own.mark)
            return None
        raise Busy

    def _remember(self, key: str, token: str, found: wire.Joined, asking: Asking) -> None:
        """Leaves a cancelled game under the code of the key that points to the one joined."""
        seat = Seat(token=token)
        pointer = Match(
            id=rules.code_from(key, "0"),
            expires=asking.at.expires,
            status="cancelled",
            next=found.id,
            x=seat if found.mark is Mark.X else Seat(),
            o=seat if found.mark is Mark.O else Seat(),
        )
        try:
            self._store.create(pointer, asking.at)
        except Conflict:
            # The code is another game's: only the repeat of a lost reply is lost.
            return


def _suits(line: LobbyLine, own: Own | None, asking: Asking) -> bool:
    if asking.connection in line.connections or line.free is None:
        return False
    return own is None or (line.since, line.id) < (own.match.since, own.match.id)
