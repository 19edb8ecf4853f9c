"""Quick match: joins whoever has waited longest, or waits. Imports shared and core only.

Two who start at the same moment do not see each other in a lobby that lags behind. So a client that
waits asks again with its own game, which then moves to an older one if there is one; of two waiting
games only the newer ever moves.
"""

import contextlib
from dataclasses import dataclass, field

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
    """The game that who asks started, or moved on from."""

    match: Match
    mark: Mark


@dataclass(frozen=True, slots=True)
class Seeker:
    """Who seeks an opponent, with the key of the seat to come; ``keyed`` when it is their own."""

    request: wire.Match
    asking: Asking
    key: str = field(repr=False)

    @property
    def keyed(self) -> bool:
        return self.request.key is not UNSET

    @property
    def token(self) -> str:
        return rules.hash_key(self.key)


class Matchmaking:
    """Finds an opponent."""

    def __init__(self, store: Store, announcer: Announcer, seating: Seating) -> None:
        self._store = store
        self._announcer = announcer
        self._seating = seating

    def match(self, request: wire.Match, asking: Asking) -> wire.Started | wire.Joined:
        """Joins the longest-waiting listed game of the same clock, else waits in a listed one."""
        seeker = Seeker(request, asking, self._seating.key(request.key))
        own = self._own(seeker)
        if own is not None and own.match.status != "waiting":
            return self._repeat(own, seeker)
        found = self._join_older(seeker, own)
        if found is None:
            return self._wait(seeker) if own is None else self._hold(own, seeker)
        if own is None and seeker.keyed:
            own = self._remember(seeker, found)
        return found if own is None else self._settle(own, found, seeker)

    def _own(self, seeker: Seeker) -> Own | None:
        request, asking = seeker.request, seeker.asking
        if request.id is not UNSET:
            match = asking.see(self._store.load(request.id, asking.at))
            mark = rules.holder(match, seeker.token) or rules.seat_of(match, asking.connection)
            if mark is None:
                raise Refusal(ErrorCode.NOT_SEATED, "That waiting game is not yours.")
            return Own(match, mark)
        if not seeker.keyed:
            return None
        # A request whose reply was lost comes again: what its key did is found under its code.
        earlier = self._store.load(rules.code_from(seeker.key, "0"), asking.at)
        return _held(earlier, seeker)

    def _repeat(self, own: Own, seeker: Seeker) -> wire.Started | wire.Joined:
        """The game that came of an earlier request."""
        if own.match.status != "cancelled" or own.match.next is None:
            return self._hold(own, seeker)
        asking, token = seeker.asking, seeker.token
        match = asking.see(self._store.load(own.match.next, asking.at))
        mark = rules.holder(match, token)
        if mark is None:
            raise Refusal(ErrorCode.GAME_OVER, "This game was cancelled.")
        held = self._seating.hold(match, mark, token, asking)
        return self._seating.joined(held, mark, seeker.key, asking)

    def _settle(self, own: Own, found: wire.Joined, seeker: Seeker) -> wire.Started | wire.Joined:
        """Of the own game and the one found, one is kept: the found one while the own waits."""
        asking = seeker.asking
        if own.match.status == "waiting":
            try:
                taken = self._give_up(own, found, asking)
            except Busy:
                with contextlib.suppress(Busy):
                    self._turn_away(found, asking)
                raise
            return found if taken is None else self._hold(taken, seeker)
        if own.match.next == found.id:
            return found
        self._turn_away(found, asking)
        return self._repeat(own, seeker)

    def _wait(self, seeker: Seeker) -> wire.Started:
        request = seeker.request
        start = wire.Start(name=request.name, listed=True, clock=request.clock, key=seeker.key)
        return self._seating.start(start, seeker.asking)

    def _hold(self, own: Own, seeker: Seeker) -> wire.Started:
        asking = seeker.asking
        if rules.holder(own.match, seeker.token) is not own.mark:
            return self._seating.started(own.match, own.mark, None, asking)
        match = self._seating.hold(own.match, own.mark, seeker.token, asking)
        return self._seating.started(match, own.mark, seeker.key, asking)

    def _join_older(self, seeker: Seeker, own: Own | None) -> wire.Joined | None:
        since, clock = seeker.asking.at.oldest, seeker.request.clock
        lines = self._store.lobby("open", since, clock=clock, oldest_first=True)
        suited = [line for line in lines if _suits(line, own, seeker.asking.connection)]
        for line in suited[:TRIES]:
            if (found := self._join(line, seeker)) is not None:
                return found
        return None

    def _join(self, line: LobbyLine, seeker: Seeker) -> wire.Joined | None:
        asking, mark = seeker.asking, line.free or Mark.O
        seat = self._seating.seat(seeker.token, seeker.request.name, asking)
        try:
            match = self._store.take_seat(line.id, mark, seat, asking.at)
        except Conflict as conflict:
            current = conflict.current
            if current is None or not _has_just_sat_down(current, mark, seeker):
                return None
            match = self._seating.hold(current, mark, seeker.token, asking)
        found = self._seating.joined(match, mark, seeker.key, asking)
        host = match.seat(mark.other).connection
        if host is None or not self._announcer.post(host, without_token(found)):
            return self._release(match, found, line.since, asking)
        others = {asking.connection, host}
        self._announcer.tell(match, without_token(found), asking.at, but=others)
        return found

    def _release(
        self, match: Match, found: wire.Joined, since: int, asking: Asking
    ) -> wire.Joined | None:
        """Gives the seat back to a host who is gone, for whom the match waits on."""
        host, gone = found.mark.other, match.seat(found.mark.other).connection
        current: Match | None = match
        for _ in range(TRIES):
            freed = rules.released(match, found.mark, asking.at, since=since)
            current = self._free(match, freed, host, asking)
            if current is None or rules.seat_of(current, asking.connection) is None:
                return None
            if current.seat(host).connection not in {None, gone}:
                # The host came back in this moment, on another connection: the game is on.
                back = with_fields(found, game=rules.snapshot(current))
                but = {asking.connection}
                self._announcer.tell(current, without_token(back), asking.at, but=but)
                return back
            match = current
        return None

    def _free(self, match: Match, freed: Match, shown: Mark, asking: Asking) -> Match | None:
        """Saves the freed match and tells of the seat ``shown``; if it had changed, returns it."""
        try:
            saved = self._store.save(match, freed, asking.at)
        except Conflict as conflict:
            return conflict.current
        self._tell_absent(saved, shown, asking)
        return None

    def _tell_absent(self, match: Match, mark: Mark, asking: Asking) -> None:
        seen = wire.Presence(
            id=match.id, mark=mark, online=False, game=rules.snapshot(match), now=asking.at.now
        )
        self._announcer.tell(match, seen, asking.at, but={asking.connection})

    def _give_up(self, own: Own, found: wire.Joined, asking: Asking) -> Own | None:
        """Cancels the own waiting game; if somebody has just joined it, gives up the found one."""
        current = own.match
        for _ in range(TRIES):
            moved = rules.moved_on(current, found.id, asking.at)
            try:
                saved = self._store.save(current, moved, asking.at)
            except Conflict as conflict:
                if conflict.current is None or conflict.current.status == "cancelled":
                    return None
                current = conflict.current
                if current.status == "waiting":
                    continue
                self._turn_away(found, asking)
                return Own(current, own.mark)
            self._tell_absent(saved, own.mark, asking)
            return None
        raise Busy

    def _turn_away(self, found: wire.Joined, asking: Asking) -> None:
        """Gives the found seat up: free again, or left when its host has already begun to play."""
        joined = self._store.load(found.id, asking.at)
        for _ in range(TRIES):
            if joined is None or joined.status != "playing":
                return
            if joined.moves:
                freed = rules.left(joined, found.mark, asking.at)
            else:
                freed = rules.released(joined, found.mark, asking.at)
            joined = self._free(joined, freed, found.mark, asking)

    def _remember(self, seeker: Seeker, found: wire.Joined) -> Own | None:
        """Leaves a cancelled game under the code of the key that points to the one joined.

        Returns what another try with the same key has left or started there meanwhile.
        """
        asking, seat = seeker.asking, Seat(token=seeker.token)
        pointer = Match(
            id=rules.code_from(seeker.key, "0"),
            expires=asking.at.expires,
            status="cancelled",
            next=found.id,
        )
        try:
            self._store.create(rules.with_seat(pointer, found.mark, seat), asking.at)
        except Conflict as conflict:
            return _held(conflict.current, seeker)
        except Busy:
            # Only the repeat of a lost reply is lost.
            pass
        return None


def _held(match: Match | None, seeker: Seeker) -> Own | None:
    """The game, if it is one of this key: a code can be somebody else's."""
    mark = None if match is None else rules.holder(match, seeker.token)
    return None if match is None or mark is None else Own(match, mark)


def _has_just_sat_down(match: Match, mark: Mark, seeker: Seeker) -> bool:
    """Whether the seat was taken with this key by a try whose answer was lost."""
    begins = match.status == "playing" and not match.moves
    return begins and rules.holder(match, seeker.token) is mark


def _suits(line: LobbyLine, own: Own | None, connection: str) -> bool:
    if connection in line.connections or line.free is None:
        return False
    return own is None or (line.since, line.id) < (own.match.since, own.match.id)
