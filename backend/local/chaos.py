"""Failures on purpose, drawn from a seed: what the game must survive, all at once.

``Store`` (`ChaosStore`): each call can be
    throttled       `Busy`; nothing was changed
    timed out       `Busy`; the change took place, and nobody is told
    broken          an exception no one expects; nothing was changed
    broken after    the same; the change took place
    twice           the change is made, its answer is lost, and a library makes it once more
    lagging         an index answers as it was: a lobby of earlier, no seats of a connection
and each commit of a group of requests can be
    refused         `Busy`; nothing of the group was kept
    broken          an exception no one expects; nothing of the group was kept
    broken after    the same; all of the group was kept, and nobody is told

``Connections`` (`ChaosConnections`): each push can be
    gone            `Gone`, though the client is there (410)
    refused         `Undelivered`; it was not sent (429, 500)
    timed out       `Undelivered`; it was sent
    lost            accepted and not sent: an acceptance is no receipt
    repeated        sent twice

The gateway (`ChaoticGateway`): each frame of a client can be
    cut before      the connection drops, the request with it
    cut after       the connection drops, the request is served and its reply lost
    going away      the connection is closed as idle connections are, the request with it
    throttled       answered by ``Too Many Requests`` and not served
    failed          served, and answered by ``Internal server error``
    repeated        served twice
    late            served after those that came later
each frame to a client can be
    lost, repeated, late
each end of a connection can be
    unnoticed       no ``$disconnect`` ever comes
and at each sweep a connection can be past the limit of its age.

Every choice is drawn from one seed, by purpose: the n-th call of a store meets the same fate in
every run. What the n-th call is depends on the network.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Final, TypeVar

from websockets.frames import CloseCode

from backend.core.ports import Busy, Connections, Gone, LobbyLine, Store, Undelivered
from backend.local import gateway, invocation
from backend.local.gateway import Gateway, Peer
from backend.local.sockets import GOING_AWAY
from backend.local.store_wrapper import StoreWrapper
from shared.board import Mark
from shared.messages import LobbyKind

T = TypeVar("T")
Odds = Mapping[str, float]
"""How likely each fault is, by its name; what is left of 1 is that nothing happens."""

STORE: Final[Odds] = {
    "throttled": 0.02,
    "timed out": 0.02,
    "broken": 0.01,
    "broken after": 0.01,
    "twice": 0.02,
    "lagging": 0.05,
}
COMMIT: Final[Odds] = {"refused": 0.01, "broken": 0.01, "broken after": 0.01}
PUSH: Final[Odds] = {
    "gone": 0.02,
    "refused": 0.02,
    "timed out": 0.02,
    "lost": 0.04,
    "repeated": 0.04,
}
ARRIVAL: Final[Odds] = {
    "cut before": 0.01,
    "cut after": 0.01,
    "going away": 0.01,
    "throttled": 0.02,
    "failed": 0.01,
    "repeated": 0.03,
    "late": 0.05,
}
DELIVERY: Final[Odds] = {"lost": 0.02, "repeated": 0.03, "late": 0.1}
ENDING: Final[Odds] = {"unnoticed": 0.3}
SWEEP: Final[Odds] = {"aged": 0.01}


class Broken(Exception):
    """What nobody expects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What happens how often; ``late_seconds`` is the longest delay."""

    store: Odds = field(default_factory=lambda: STORE)
    commit: Odds = field(default_factory=lambda: COMMIT)
    push: Odds = field(default_factory=lambda: PUSH)
    arrival: Odds = field(default_factory=lambda: ARRIVAL)
    delivery: Odds = field(default_factory=lambda: DELIVERY)
    ending: Odds = field(default_factory=lambda: ENDING)
    sweep: Odds = field(default_factory=lambda: SWEEP)
    late_seconds: float = 0.05


CALM: Final = Faults(store={}, commit={}, push={}, arrival={}, delivery={}, ending={}, sweep={})
"""No faults: for `dataclasses.replace` with the one that is to be looked at."""


class Dice:
    """The chances of one purpose."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._random = Random(f"{seed}/{purpose}")  # noqa: S311 (it must be repeatable)

    def draw(self, odds: Odds) -> str | None:
        """The fault that happens this time, None for none."""
        drawn = self._random.random()
        for name, chance in odds.items():
            if drawn < chance:
                return name
            drawn -= chance
        return None

    def up_to(self, seconds: float) -> float:
        return self._random.uniform(0, seconds)


class ChaosStore(StoreWrapper):
    """A `Store` that fails."""

    def __init__(
        self,
        store: Store,
        dice: Dice,
        odds: Odds = STORE,
        *,
        commits: Dice | None = None,
        commit_odds: Odds = COMMIT,
    ) -> None:
        super().__init__(store)
        self._commits = commits
        self._commit_odds = commit_odds
        self._dice = dice
        self._odds = odds
        self._lobbies: dict[tuple[Any, ...], Sequence[LobbyLine]] = {}

    def _pass(self, call: Callable[[], T]) -> T:
        match self._dice.draw(self._odds):
            case "throttled":
                raise Busy
            case "timed out":
                call()
                raise Busy
            case "broken":
                raise Broken("the store broke before the change")
            case "broken after":
                call()
                raise Broken("the store broke after the change")
            case "twice":
                call()
                return call()
            case _:
                return call()

    @contextmanager
    def group(self) -> Iterator[None]:
        fault = self._commits and self._commits.draw(self._commit_odds)
        with super().group():
            yield
            match fault:
                case "refused":
                    raise Busy
                case "broken":
                    raise Broken("the disk broke before the commit")
        if fault == "broken after":
            raise Broken("the disk broke after the commit")

    def games_of(self, connection: str) -> Sequence[tuple[str, Mark | None]]:
        if self._dice.draw(self._odds) == "lagging":
            return ()
        return super().games_of(connection)

    def lobby(
        self, kind: LobbyKind, since: int, *, clock: int | None = None, oldest_first: bool = False
    ) -> Sequence[LobbyLine]:
        asked = (kind, clock, oldest_first)
        if self._dice.draw(self._odds) == "lagging":
            return self._lobbies.get(asked, ())
        lines = super().lobby(kind, since, clock=clock, oldest_first=oldest_first)
        self._lobbies[asked] = lines
        return lines


class ChaosConnections:
    """`Connections` that fail."""

    def __init__(self, connections: Connections, dice: Dice, odds: Odds = PUSH) -> None:
        self._connections = connections
        self._dice = dice
        self._odds = odds

    def post(self, connection: str, frame: str) -> None:
        match self._dice.draw(self._odds):
            case "gone":
                raise Gone
            case "refused":
                raise Undelivered
            case "timed out":
                self._connections.post(connection, frame)
                raise Undelivered
            case "lost":
                return
            case "repeated":
                self._connections.post(connection, frame)
                self._connections.post(connection, frame)
            case _:
                self._connections.post(connection, frame)

    def is_there(self, connection: str) -> bool:
        match self._dice.draw(self._odds):
            case "gone":
                return False
            case "refused" | "timed out":
                return True
            case _:
                return self._connections.is_there(connection)


class ChaoticGateway(Gateway):
    """A gateway that fails, and whose network does."""

    def __init__(self, *arguments: Any, seed: int, faults: Faults) -> None:
        super().__init__(*arguments)
        self._faults = faults
        self._arrivals = Dice(seed, "arrival")
        self._deliveries = Dice(seed, "delivery")
        self._endings = Dice(seed, "ending")
        self._sweeps = Dice(seed, "sweep")
        self._late: set[asyncio.Task[None]] = set()
        self.connections = ChaosConnections(self.connections, Dice(seed, "push"), faults.push)

    async def close(self) -> None:
        await asyncio.gather(*self._late)
        await super().close()

    def _is_over(self, client: Peer, now: int) -> bool:
        return super()._is_over(client, now) or bool(self._sweeps.draw(self._faults.sweep))

    async def _receive(self, client: Peer, body: str) -> None:
        match self._arrivals.draw(self._faults.arrival):
            case "cut before":
                client.socket.cut()
            case "cut after":
                client.socket.cut()
                await super()._receive(client, body)
            case "going away":
                client.socket.dismiss(CloseCode.GOING_AWAY, GOING_AWAY)
            case "throttled":
                self._notify(client, invocation.THROTTLED, invocation.new_id())
            case "failed":
                await self._run(self._event(client, body))
                self._notify(client, invocation.FAILED, invocation.new_id())
            case "repeated":
                await super()._receive(client, body)
                await super()._receive(client, body)
            case "late":
                self._serve_later(client, body, self._arrivals.up_to(self._faults.late_seconds))
            case _:
                await super()._receive(client, body)

    def _serve_later(self, client: Peer, body: str, seconds: float) -> None:
        task = asyncio.create_task(self._serve_after(seconds, client, body))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _serve_after(self, seconds: float, client: Peer, body: str) -> None:
        await asyncio.sleep(seconds)
        await super()._receive(client, body)

    def _send(self, client: Peer, frame: str) -> None:
        match self._deliveries.draw(self._faults.delivery):
            case "lost":
                pass
            case "repeated":
                super()._send(client, frame)
                super()._send(client, frame)
            case "late":
                seconds = self._deliveries.up_to(self._faults.late_seconds)
                asyncio.get_running_loop().call_later(seconds, super()._send, client, frame)
            case _:
                super()._send(client, frame)

    async def _report(self, client: Peer) -> None:
        if self._endings.draw(self._faults.ending) is None:
            await super()._report(client)


def serve(
    store: Store, seed: int, *, faults: Faults | None = None, **options: Any
) -> AbstractAsyncContextManager[Gateway]:
    """`gateway.serve` with its options, failing by this seed."""
    faults = faults or Faults()
    return gateway.serve(
        ChaosStore(
            store,
            Dice(seed, "store"),
            faults.store,
            commits=Dice(seed, "commit"),
            commit_odds=faults.commit,
        ),
        make=partial(ChaoticGateway, seed=seed, faults=faults),
        **options,
    )
