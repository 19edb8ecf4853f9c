"""How much one client may ask of the embedded gateway. Pure but for `CappedStore`; times come in.

On AWS the stage's throttle, the account's limits and the tables' capacity stand in their place.
"""

import ipaddress
from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from backend.core import game as rules
from backend.core.game import Game, Moment, Seat
from backend.core.ports import Change, Store
from backend.local.forwarded import Network, is_loopback, parsed
from backend.local.store_wrapper import StoreWrapper
from shared.board import Mark
from shared.errors import ErrorCode, Refusal
from shared.serve_options import GAMES, RATE

IPV6_SUBSCRIBER_BITS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the gateway allows. The seconds of idleness and of life are those of API Gateway.

    ``rate`` is requests a second on a connection, twice as many at once; 0 is no limit. So it is
    with ``connections_per_address`` and ``connections``, all together. ``spares_own`` lets in any
    number of this machine's programs. ``arrivals`` is how many may be connected that have not
    become a WebSocket. ``trusted`` are the proxies whose word on an address is taken.
    ``unread_bytes`` is what is kept for a client that does not read, beside the 64 KiB of the
    system's own buffer, before it is disconnected. ``close_seconds`` is what a client has to end a
    connection that is closing.
    """

    rate: float = RATE
    idle_seconds: int = 600
    life_seconds: int = 7200
    handshake_seconds: float = 5
    close_seconds: float = 3
    connections_per_address: int = 0
    connections: int = 0
    spares_own: bool = False
    arrivals: int = 512
    trusted: tuple[Network, ...] = ()
    unread_bytes: int = 2**16


class TokenBucket:
    """``rate`` tokens a second, twice as many kept, full at first; of 0 there is no end."""

    def __init__(self, rate: float, now: int) -> None:
        self._rate = rate
        self._most = max(1.0, 2 * rate)
        self._tokens = self._most
        self._at = now

    def take(self, now: int) -> bool:
        """Whether there was a token to take at this time (epoch ms), which may go back."""
        gained = self._rate * max(0, now - self._at) / 1000
        self._tokens = min(self._most, self._tokens + gained)
        self._at = now
        if self._rate and self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Visitor(Protocol):
    """Who has connected. ``address`` is that of the peer at first, of the player once inside."""

    address: str

    def cut(self) -> None:
        """Ends the connection at once."""


class Full(StrEnum):
    """Why nobody more is let in, as the metrics call it."""

    ADDRESS = "connections_of_one_address"
    ALL = "connections_of_all"
    ARRIVALS = "connections_that_wait"


class Doorkeeper:
    """Counts the connections of each address; of IPv6, of each subscriber's network.

    Who has connected and not yet become a WebSocket is counted apart. Where too many wait like
    this, the one who has waited longest is cut, of the address from which most of them wait: so a
    question that is asked at once, such as that for the gateway's health, is always heard.
    """

    def __init__(
        self, limits: Limits, turned_away: Callable[[Full], None] = lambda _: None
    ) -> None:
        self._limits = limits
        self._turned_away = turned_away
        self._arrivals: dict[str, dict[Visitor, None]] = {}
        self._waiting = 0
        self._inside: dict[Visitor, str] = {}
        self._counts: Counter[str] = Counter()

    def arrive(self, visitor: Visitor) -> None:
        """Takes note of a new connection, and cuts another where there are too many."""
        self._arrivals.setdefault(_source(visitor.address), {})[visitor] = None
        self._waiting += 1
        if self._waiting <= self._limits.arrivals:
            return
        most = max(self._arrivals, key=lambda source: len(self._arrivals[source]))
        oldest = next(iter(self._arrivals[most]))
        self._forget(oldest)
        oldest.cut()
        self._turned_away(Full.ARRIVALS)

    def admit(self, visitor: Visitor, address: str) -> Full | None:
        """Lets a player with this address in until `leave`, or says why not."""
        source = _source(address)
        if (full := self._full(address, source)) is not None:
            self._turned_away(full)
            return full
        self._forget(visitor)
        visitor.address = address
        self._inside[visitor] = source
        self._counts[source] += 1
        return None

    def _full(self, address: str, source: str) -> Full | None:
        limits = self._limits
        if limits.connections and len(self._inside) >= limits.connections:
            return Full.ALL
        spared = limits.spares_own and is_loopback(address)
        room = 0 if spared else limits.connections_per_address
        return Full.ADDRESS if room and self._counts[source] >= room else None

    def leave(self, visitor: Visitor) -> None:
        """Forgets a connection that has ended."""
        self._forget(visitor)
        if (source := self._inside.pop(visitor, None)) is None:
            return
        self._counts[source] -= 1
        if not self._counts[source]:
            del self._counts[source]

    def _forget(self, visitor: Visitor) -> None:
        source = _source(visitor.address)
        waiting = self._arrivals.get(source, {})
        if visitor in waiting:
            del waiting[visitor]
            self._waiting -= 1
            if not waiting:
                del self._arrivals[source]


def _source(address: str) -> str:
    found = parsed(address)
    if found is None or found.version == 4:
        return address if found is None else str(found)
    return str(ipaddress.ip_network((found, IPV6_SUBSCRIBER_BITS), strict=False))


class CappedStore(StoreWrapper):
    """A store in which one connection can sit at ``limit`` games that wait or are played.

    A limit of 0 is none.

    Raises a `Refusal` (``too_many``) where the service would give it one seat more, so that the
    service answers as it answers every refusal and need not know of the cap. It knows of the seats
    that were given through it, which are those of a process at whose start nobody sits.
    """

    def __init__(self, store: Store, limit: int = GAMES) -> None:
        super().__init__(store)
        self._limit = limit
        self._sat_down: dict[str, set[str]] = {}
        """By connection the games that it sits at; some may be over."""

    def create(self, game: Game, at: Moment) -> None:
        try:
            for seat in (game.x, game.o):
                self._check(seat.connection, at)
        except Refusal:
            # What is there already takes no further seat.
            if super().load(game.id, at) is None:
                raise
        super().create(game, at)
        self._follow(Game(id=game.id, expires=0), game)

    def take_seat(self, game_id: str, mark: Mark, seat: Seat, at: Moment) -> Game:
        self._check(seat.connection, at)
        game = super().take_seat(game_id, mark, seat, at)
        self._sits(seat.connection, game_id)
        return game

    def bind(self, game_id: str, mark: Mark, token: str, connection: str, at: Moment) -> Game:
        game = super().bind(game_id, mark, token, connection, at)
        self._sits(connection, game_id)
        self._has_gone(game.replaced, game_id)
        return game

    def unbind(self, game_id: str, mark: Mark, connection: str, at: Moment) -> Game:
        game = super().unbind(game_id, mark, connection, at)
        self._has_gone(connection, game_id)
        return game

    def save(self, before: Game, after: Game, at: Moment) -> Game:
        saved = super().save(before, after, at)
        self._follow(before, after)
        return saved

    def save_together(self, changes: Sequence[Change], at: Moment) -> None:
        # A game created together with a change is a rematch, or one that nobody sits at.
        amended = [(change.before, change.after) for change in changes if change.before]
        changed = {after.id for _, after in amended}
        for before, after in amended:
            for connection in rules.sat_down(before, after):
                self._check(connection, at, but=changed)
        super().save_together(changes, at)
        for change in changes:
            self._follow(change.before or Game(id=change.after.id, expires=0), change.after)

    def games_of(self, connection: str) -> Sequence[tuple[str, Mark | None]]:
        # Asked for where a connection ends, which sits nowhere from then on.
        self._sat_down.pop(connection, None)
        return super().games_of(connection)

    def _follow(self, before: Game, after: Game) -> None:
        for connection in rules.sat_down(before, after):
            self._sits(connection, after.id)
        for connection in rules.sat_down(after, before):
            self._has_gone(connection, after.id)

    def _sits(self, connection: str | None, game_id: str) -> None:
        if connection is not None and self._limit:
            self._sat_down.setdefault(connection, set()).add(game_id)

    def _has_gone(self, connection: str | None, game_id: str) -> None:
        if connection is None or (games := self._sat_down.get(connection)) is None:
            return
        games.discard(game_id)
        if not games:
            del self._sat_down[connection]

    def _check(
        self, connection: str | None, at: Moment, but: AbstractSet[str] = frozenset()
    ) -> None:
        if connection is None or not self._limit:
            return
        games = self._sat_down.get(connection, set())
        # Only so many are looked at again, which then are not looked at any more if they are over.
        if len(games - but) < self._limit:
            return
        for game_id in tuple(games):
            game = super().load(game_id, at)
            seated = game is not None and rules.seat_of(game, connection) is not None
            if game is None or not seated or game.phase not in {"waiting", "playing"}:
                self._has_gone(connection, game_id)
        if len(games - but) >= self._limit:
            raise Refusal(
                ErrorCode.TOO_MANY,
                f"You sit at {self._limit} games that are not over; finish or leave one first.",
            )
