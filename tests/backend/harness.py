"""A table to test at: named connections on one service, as in ``table.send("ada", Start())``."""

from dataclasses import dataclass, field

from msgspec import UNSET
from msgspec.structs import replace as with_fields

from backend.core.game import Game, Moment
from backend.core.ports import Store
from backend.core.service import LIFE_SECONDS, Service
from shared import codec
from shared import messages as wire
from shared.board import Mark, tile_of
from shared.errors import ErrorCode
from tests.backend.memory import Counts, ManualClock, MemoryConnections, MemoryStore


@dataclass
class Harness:
    """Connections on one service. Keys are drawn in order, so that every run is the same."""

    store: Store = field(default_factory=MemoryStore)
    connections: MemoryConnections = field(default_factory=MemoryConnections)
    clock: ManualClock = field(default_factory=ManualClock)
    metrics: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self._keys = 0
        self._nonces = 0
        self._refs = 0
        self.service = Service(
            self.store,
            self.connections,
            self.clock,
            self.metrics,
            new_key=self.key,
            new_nonce=self.nonce,
        )

    def nonce(self) -> int:
        """One never drawn before."""
        self._nonces += 1
        return self._nonces

    def key(self) -> str:
        """A key never used before."""
        self._keys += 1
        return f"key{self._keys:019d}"

    @property
    def at(self) -> Moment:
        now = self.clock.now()
        return Moment(now, now // 1000 + LIFE_SECONDS)

    def send(self, who: str, request: wire.AnyRequest) -> wire.AnyEvent:
        """The reply to a request sent with a ``ref``; pushes wait in `heard`."""
        self._refs += 1
        ref = f"r{self._refs}"
        reply = self.frame(who, codec.encode(with_fields(request, ref=ref)))
        assert reply is not None
        assert reply.ref == ref
        return with_fields(reply, ref=UNSET)

    def frame(self, who: str, body: str) -> wire.AnyEvent | None:
        """The reply to a raw frame, as its client reads it."""
        reply = self.service.handle(body, who)
        if reply is None:
            return None
        event = codec.decode_event(codec.encode(reply))
        assert event is not None
        assert not isinstance(event, wire.GatewayNotice)
        return event

    def refused(self, who: str, request: wire.AnyRequest) -> ErrorCode:
        """The code of a refusal, of which nobody hears and by which nothing changes."""
        return self.error(who, request).code

    def error(self, who: str, request: wire.AnyRequest) -> wire.Error:
        reply = self.send(who, request)
        assert isinstance(reply, wire.Error), reply
        return reply

    def heard(self, who: str) -> list[wire.AnyEvent]:
        """What a connection was pushed since the last time."""
        return self.connections.take(who)

    def hang_up(self, who: str) -> None:
        """The connection is closed, and the platform says so."""
        self.connections.gone.add(who)
        self.service.disconnected(who)

    def start(self, who: str = "ada", **fields: object) -> wire.Started:
        reply = self.send(who, wire.Start(**fields))  # type: ignore[arg-type] # a test's shorthand
        assert isinstance(reply, wire.Started), reply
        return reply

    def join(self, who: str, game_id: str, **fields: object) -> wire.Joined:
        reply = self.send(who, wire.Join(id=game_id, **fields))  # type: ignore[arg-type] # as above
        assert isinstance(reply, wire.Joined), reply
        return reply

    def seat_two(self, **fields: object) -> str:
        """A game of ada (x) and bob (o), nothing of it unread; its code."""
        game_id = self.start("ada", **fields).id
        self.join("bob", game_id)
        self.heard("ada")
        return game_id

    def play(self, game_id: str, moves: str) -> wire.Snapshot:
        """Plays cells in turn, ada and bob, with ``after``; the game after the last."""
        game = self.game(game_id)
        for cell in moves:
            who = "ada" if game.turn is Mark.X else "bob"
            tile = tile_of(int(cell))
            reply = self.send(who, wire.Play(id=game_id, tile=tile, after=game.moves))
            assert isinstance(reply, wire.Played), reply
            game = reply.game
        return game

    def finish(self, moves: str = "03142", **fields: object) -> str:
        """A finished game of ada and bob (x wins the top row unless told), nothing of it unread."""
        game_id = self.seat_two(**fields)
        self.play(game_id, moves)
        self.heard("ada")
        self.heard("bob")
        return game_id

    def game(self, game_id: str) -> wire.Snapshot:
        """The truth, as a stranger's ping is told."""
        reply = self.send("stranger", wire.Ping(id=game_id))
        assert isinstance(reply, wire.Pong), reply
        assert reply.game is not UNSET
        return reply.game

    def stored(self, game_id: str) -> Game:
        game = self.store.load(game_id, self.at)
        assert game is not None
        return game
