"""The embedded gateway: an API Gateway of its own size, on websockets.

Frames become the events that API Gateway would make of them, the handler is the one that runs as a
Lambda function, and replies, pushes, limits and close codes are those of the platform. Compression
is not negotiated, as the platform does not: so there is nothing that a small frame could blow up
to, and no memory that each connection would keep for it. Pings are answered and none are sent.

The handler runs in one worker thread, so that the store and the event loop never wait for each
other. What it posts during a call is sent after the reply of that call.
"""

import asyncio
import logging
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from websockets.asyncio import server as websockets
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from backend.core.ports import Busy, Clock, Connections, Gone, Store
from backend.core.service import Service
from backend.handlers.entry import Handler
from backend.local import invocation
from backend.local.clock import SteadyClock
from backend.local.descriptors import refusing
from backend.local.forwarded import is_loopback, is_trusted, player_address
from backend.local.groups import Groups
from backend.local.http import (
    METRICS,
    NO_SUCH_PAGE,
    NO_UPGRADE,
    Answer,
    Desk,
    is_stripped_handshake,
    is_through_a_proxy,
    path_of,
)
from backend.local.invocation import Caller
from backend.local.limits import Doorkeeper, Full, Limits, TokenBucket
from backend.local.listening import Door, Doors, listen, ports
from backend.local.metrics import result_of
from backend.local.sockets import GOING_AWAY, Socket
from backend.local.store_wrapper import group_of
from shared.codec import Frame
from shared.constants import PROGRAM
from shared.serve_options import ANY_ORIGIN

_FULL: Final = {
    Full.ADDRESS: Answer(HTTPStatus.TOO_MANY_REQUESTS, "Too many connections from this address.\n"),
    Full.ALL: Answer(HTTPStatus.SERVICE_UNAVAILABLE, "This server is full; try again later.\n"),
}
_FOREIGN_PAGE: Final = Answer(HTTPStatus.FORBIDDEN, "This origin is not allowed here.\n")
_UNNAMED_PROXY: Final = (
    "a proxy passes on players, who are not counted by their addresses until --trust-forwarded"
    " names it"
)
_SILENT_PROXY: Final = (
    "the proxy that --trust-forwarded names does not say for whom it connects: it has to write"
    " X-Forwarded-For"
)
_SWEEP_SECONDS: Final = 1
ENDINGS_AT_ONCE: Final = 8
"""How many connections that have ended are dealt with in one group of requests."""

_log: Final = logging.getLogger(__name__)

Event = dict[str, Any]
Invoke = Callable[[Event], dict[str, Any]]
"""A function: an event in, a response out."""
Outcome = tuple[dict[str, Any] | None, list[tuple[str, str]]]
"""What came of an event: the response, None where the function failed, and what it posted."""


@dataclass(slots=True, eq=False)
class Peer:
    """A connected client; ``active_at`` (epoch ms) is when a frame last went either way."""

    caller: Caller
    socket: Socket
    bucket: TokenBucket
    active_at: int
    asked: "asyncio.Future[None] | None" = None
    """The last request: done when it is answered."""

    @property
    def id(self) -> str:
        return self.caller.connection


@dataclass(slots=True, frozen=True, eq=False)
class Call:
    """An event, and the client that is answered; none for the end of a connection."""

    event: Event
    client: Peer | None


class Outbox:
    """The `Connections` of the handler: keeps what it posts until its call is over."""

    def __init__(self, clients: Mapping[str, Peer]) -> None:
        self._clients = clients
        self._posts: list[tuple[str, str]] = []

    def post(self, connection: str, frame: str) -> None:
        if not self.is_there(connection):
            raise Gone
        self._posts.append((connection, frame))

    def is_there(self, connection: str) -> bool:
        client = self._clients.get(connection)
        return client is not None and client.socket.is_open

    def take(self) -> list[tuple[str, str]]:
        """What was posted since the last time: connections and frames, in order."""
        taken, self._posts = self._posts, []
        return taken


class Gateway:
    """A running gateway, as `serve` yields it."""

    def __init__(self, clock: Clock, limits: Limits, origins: Collection[str]) -> None:
        self._clock = clock
        self._limits = limits
        self._origins = frozenset(origins)
        self._clients: dict[str, Peer] = {}
        self._groups = Groups(self._serve_group, self._deliver)
        self._farewells = asyncio.Semaphore(ENDINGS_AT_ONCE)
        self._closing = False
        self._deserted_at: int | None = clock.now()
        self.outbox = Outbox(self._clients)
        self.connections: Connections = self.outbox
        self.invoke: Invoke
        self.undone: Callable[[Event, Exception], dict[str, Any]]
        self.group: Callable[[], AbstractContextManager[None]] = nullcontext
        self.desk = Desk()
        self.reports_its_end = True
        self.host = ""
        self.port = 0

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"ws://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def connected(self) -> int:
        """How many clients are connected."""
        return len(self._clients)

    @property
    def waiting(self) -> int:
        """How many requests and ends of connections wait for the group that is being written."""
        return self._groups.waiting

    @property
    def deserted_seconds(self) -> float:
        """For how long nobody has been connected."""
        if self._deserted_at is None:
            return 0
        return (self._clock.now() - self._deserted_at) / 1000

    def cut(self) -> None:
        """Ends every connection as a lost network would."""
        for client in self._clients.values():
            client.socket.cut()

    def sweep(self) -> None:
        """Closes the connections that are idle or old, as the platform does."""
        now = self._clock.now()
        for client in self._clients.values():
            if self._is_over(client, now):
                client.socket.dismiss(CloseCode.GOING_AWAY, GOING_AWAY)

    def _is_over(self, client: Peer, now: int) -> bool:
        idle, age = now - client.active_at, now - client.caller.connected_at
        limits = self._limits
        return idle >= 1000 * limits.idle_seconds or age >= 1000 * limits.life_seconds

    # Coming and going

    async def judge(
        self, connection: websockets.ServerConnection, request: Request
    ) -> Response | None:
        """Answers what is no WebSocket handshake, or one that is not welcome."""
        socket = _socket(connection)
        origins = request.headers.get_all("Origin")
        if ANY_ORIGIN not in self._origins and not self._origins.issuperset(origins):
            self.desk.tally.turned_away("origin")
            return socket.answer(_FOREIGN_PAGE)
        if "Upgrade" not in request.headers:
            answer = await self._plain(socket, request)
            return None if answer is None else socket.answer(answer)
        return self._admit(socket, request)

    def _admit(self, socket: Socket, request: Request) -> Response | None:
        peer, trusted = socket.address, self._limits.trusted
        address = player_address(peer, request.headers, trusted)
        if address == peer and is_trusted(peer, trusted):
            _log.warning(_SILENT_PROXY)
        full = socket.enter(address)
        if address == peer and is_through_a_proxy(request) and (full or is_loopback(peer)):
            _log.warning(_UNNAMED_PROXY)
        return None if full is None else socket.answer(_FULL[full])

    def turned_away(self, full: Full) -> None:
        """Somebody was not let in."""
        self.desk.tally.turned_away(full)
        _log.warning("a connection was refused: %s", full.replace("_", " "))

    async def _plain(self, socket: Socket, request: Request) -> Answer | None:
        """The answer to a request for a page; None for that of the library, 426."""
        if is_stripped_handshake(request):
            _log.warning("a proxy in front of this server does not pass on Upgrade and Connection")
            return NO_UPGRADE
        is_own = is_loopback(socket.address)
        return await self.desk.answer(request, self.connected, is_own=is_own)

    async def tell(
        self, connection: websockets.ServerConnection, request: Request
    ) -> Response | None:
        """Answers at the port that is for the operator alone."""
        socket = _socket(connection)
        if path_of(request) == METRICS:
            return socket.answer(await self.desk.metrics(self.connected))
        answer = await self.desk.answer(request, self.connected, is_own=False)
        return socket.answer(answer or NO_SUCH_PAGE)

    async def attend(self, connection: websockets.ServerConnection) -> None:
        """Serves one client from its handshake to its end."""
        client = self._welcome(_socket(connection))
        try:
            while True:
                await self._receive(client, await client.socket.recv(decode=True))
        except ConnectionClosed:
            pass
        finally:
            await self._farewell(client)

    def _welcome(self, socket: Socket) -> Peer:
        now = self._clock.now()
        caller = Caller(
            connection=invocation.new_id(),
            connected_at=now,
            source_ip=socket.address,
            user_agent=_header(socket, "User-Agent"),
            domain=_header(socket, "Host") or "localhost",
        )
        client = Peer(caller, socket, TokenBucket(self._limits.rate, now), now)
        self._clients[client.id] = client
        self._deserted_at = None
        if self._closing:
            socket.dismiss(CloseCode.GOING_AWAY, GOING_AWAY)
        return client

    async def _farewell(self, client: Peer) -> None:
        del self._clients[client.id]
        if not self._clients:
            self._deserted_at = self._clock.now()
        await self._report(client)

    async def _report(self, client: Peer) -> None:
        # When thousands vanish at once, who asks for something waits for a few of them.
        async with self._farewells:
            if self._closing and not self.reports_its_end:
                return
            now = self._clock.now()
            await self._run(invocation.disconnect_event(client.caller, client.socket.ending, now))

    # Frames

    async def _receive(self, client: Peer, body: str) -> None:
        # Of one client one request at a time is under way; the others wait unread.
        if client.asked is not None and not client.asked.done():
            await client.asked
        if self._closing:
            return
        client.active_at = now = self._clock.now()
        if client.bucket.take(now):
            client.asked = self._run(self._event(client, body), client)
        else:
            self.desk.tally.request(invocation.route_of(Frame(body)), "throttled")
            _log.warning("requests of a connection come too fast and are not served")
            self._notify(client, invocation.THROTTLED, invocation.new_id())
            # A client that floods lets the others have their turn.
            await asyncio.sleep(0)

    def _event(self, client: Peer, body: str) -> dict[str, Any]:
        return invocation.message_event(client.caller, Frame(body), self._clock.now())

    def _run(self, event: Event, client: Peer | None = None) -> "asyncio.Future[None]":
        """Has the handler run; done when the client has its reply, and the others what it posted.

        An event of no client has no reply.
        """
        return self._groups.put(Call(event, client))

    def _serve_group(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        try:
            with self.group():
                return [self._call(call.event) for call in calls]
        except Exception as error:  # noqa: BLE001 (whatever it is, nothing of the group was kept)
            told = isinstance(error, Busy)  # which says why by itself
            _log.error("what was asked could not be written", exc_info=not told)
            return [(self.undone(call.event, error), []) for call in calls]

    def _call(self, event: Event) -> Outcome:
        try:
            response = self.invoke(event)
        except Exception:  # noqa: BLE001 (the platform's side: whatever a function raises)
            _log.exception("the handler failed")
            response = None
        return response, self.outbox.take()

    def _deliver(self, call: Call, outcome: Outcome) -> None:
        response, posts = outcome
        try:
            if call.client is not None:
                self._answer(call.client, call.event["requestContext"], response)
            for connection, frame in posts:
                if (other := self._clients.get(connection)) is not None:
                    self._send(other, frame)
        except Exception:  # noqa: BLE001 (the fault of one must not reach the others of the group)
            _log.exception("an answer could not be sent")

    def _answer(
        self, client: Peer, context: Mapping[str, Any], response: Mapping[str, Any] | None
    ) -> None:
        self.desk.tally.request(context["routeKey"], result_of(response))
        if response is None:
            self._notify(client, invocation.FAILED, context["requestId"])
        elif reply := response.get("body"):
            self._send(client, reply)

    def _notify(self, client: Peer, message: str, request_id: str) -> None:
        self._send(client, invocation.notice(message, client.id, request_id))

    def _send(self, client: Peer, frame: str) -> None:
        client.active_at = self._clock.now()
        client.socket.post(frame)

    # Ending

    async def close(self) -> None:
        """Finishes what clients have asked for, serves no more, and closes every connection."""
        self._closing = True
        await self._groups.drain()
        sockets = [client.socket for client in self._clients.values()]
        for socket in sockets:
            socket.dismiss(CloseCode.GOING_AWAY, GOING_AWAY)
        await asyncio.gather(*(socket.wait_closed() for socket in sockets))

    def end(self) -> None:
        """Frees the worker, once every client is gone."""
        self._groups.close()


@asynccontextmanager
async def serve(
    store: Store,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    doors: Doors | None = None,
    clock: Clock | None = None,
    limits: Limits | None = None,
    origins: Collection[str] = (),
    invoke: Invoke | None = None,
    desk: Desk | None = None,
    reports_its_end: bool = True,
    make: Callable[[Clock, Limits, Collection[str]], "Gateway"] = Gateway,
) -> AsyncIterator[Gateway]:
    """Runs a gateway over this store until the block is left; clients then get 1001.

    ``invoke`` stands in place of the game's own handler, ``make`` in that of `Gateway`, ``doors``
    in that of a socket at ``host`` and ``port``. ``origins`` are the browser origins that may
    connect, ``*`` for all. ``reports_its_end`` is whether the connections that end with the gateway
    are told of one by one, which for thousands takes its time; else whoever runs it sees to their
    seats. What was in the store is left as it is.

    Raises:
        CannotListen: the address cannot be listened on.
    """
    clock = clock or SteadyClock()
    limits = limits or Limits()
    gateway = make(clock, limits, origins)
    gateway.desk = desk or Desk()
    gateway.reports_its_end = reports_its_end
    tally = gateway.desk.tally
    handler = Handler(Service(store, gateway.connections, clock, tally))
    gateway.invoke, gateway.undone = invoke or handler, handler.undone
    gateway.group = partial(group_of, store)
    doors = doors or Doors([Door(each) for each in listen([host], port)])
    gateway.host, gateway.port = host, next(ports(door.socket for door in doors.players), 0)
    try:
        async with AsyncExitStack() as opened:
            opened.enter_context(refusing([*doors.players, *doors.operator]))
            for server in _servers(gateway, doors, limits):
                await opened.enter_async_context(server)
            sweeping = asyncio.create_task(_sweep_forever(gateway))
            try:
                yield gateway
            finally:
                sweeping.cancel()
                await gateway.close()
    finally:
        gateway.end()


def _servers(
    gateway: Gateway, doors: Doors, limits: Limits
) -> Iterator[AbstractAsyncContextManager[websockets.Server]]:
    doorkeeper = Doorkeeper(limits, gateway.turned_away)
    for door in doors.players:
        make = partial(Socket, limits, doorkeeper)
        yield _server(gateway, door, limits, make, judge=gateway.judge)
    for door in doors.operator:
        make = partial(Socket, limits, Doorkeeper(limits))
        yield _server(gateway, door, limits, make, judge=gateway.tell)


def _server(
    gateway: Gateway,
    door: Door,
    limits: Limits,
    make: Callable[..., Socket],
    *,
    judge: Callable[[websockets.ServerConnection, Request], Awaitable[Response | None]],
) -> AbstractAsyncContextManager[websockets.Server]:
    return websockets.serve(
        gateway.attend,
        sock=door.socket,
        ssl=door.tls,
        process_request=judge,
        create_connection=make,  # type: ignore[arg-type] # made by it
        compression=None,
        server_header=PROGRAM,
        open_timeout=limits.handshake_seconds,
        ssl_handshake_timeout=limits.handshake_seconds if door.tls else None,
        close_timeout=limits.close_seconds,
        ping_interval=None,
    )


async def _sweep_forever(gateway: Gateway) -> None:
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        gateway.sweep()


def _socket(connection: websockets.ServerConnection) -> Socket:
    if not isinstance(connection, Socket):
        raise TypeError("the server makes connections of one class only")
    return connection


def _header(socket: Socket, name: str) -> str | None:
    """A header of the handshake, the first where a client sends several."""
    values = socket.request.headers.get_all(name) if socket.request else []
    return values[0] if values else None
