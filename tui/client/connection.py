"""The connection: one websocket kept alive, knowing nothing about games.

The library's own iterator reconnects. Before the platform's two hours are over a second connection
takes the place of the first.
"""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any, Final, Protocol, cast
from urllib.parse import urljoin

from websockets.asyncio.client import ClientConnection, connect
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidProxy, InvalidStatus
from websockets.http11 import Response
from websockets.proxy import get_proxy, parse_proxy
from websockets.uri import WebSocketURI, parse_uri

from tui.client.address import websocket_url
from tui.client.backoff import Backoff
from tui.client.errors import Unreachable
from tui.client.failures import Way, could_pass, describe
from tui.client.state import ConnectionChanged, ConnectionStatus
from tui.client.timing import Timing

_log: Final = logging.getLogger(__name__)

_LARGEST_FRAME: Final = 128 * 1024
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

Sleep = Callable[[float], Awaitable[None]]
Locate = Callable[[], Awaitable[str]]


class Connection:
    """One open connection and the task that reads it; ``read`` ends when the connection does."""

    def __init__(self, socket: ClientConnection, end: "End") -> None:
        self._socket = socket
        self.read = asyncio.create_task(self._read(end))

    async def send(self, frame: str) -> None:
        """Sends a frame; one that the connection can no longer carry is lost like any other."""
        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(frame)

    async def latency(self, within: float) -> float:
        """Seconds to the server and back, by the websocket's own ping.

        Raises:
            ConnectionClosed: there is no connection any more; that is, too, when nothing came back.
        """
        try:
            async with asyncio.timeout(within):
                return await (await self._socket.ping())
        except TimeoutError:
            self.abort()
            await self.read
            raise ConnectionClosed(None, None) from None

    def abort(self) -> None:
        """Drops the connection at once: whoever is at the other end does not answer."""
        self._socket.transport.abort()

    async def close(self) -> None:
        await self._socket.close()
        self.read.cancel()

    async def _read(self, end: "End") -> None:
        with contextlib.suppress(ConnectionClosed):
            async for frame in self._socket:
                try:
                    end.received(self, frame)
                except Exception:  # noqa: BLE001 (what one frame breaks must not cost the connection)
                    _log.exception("a frame could not be dealt with")


class End(Protocol):
    """Whoever uses the connection."""

    async def opened(self, connection: Connection) -> None:
        """Takes up the conversation on a new connection; must be done before it counts as online.

        Raises:
            Unreachable: nobody answers there, another connection is needed.
        """

    def received(self, connection: Connection, frame: str | bytes) -> None: ...

    def lost(self) -> None:
        """There is no connection any more."""

    def changed(self, change: ConnectionChanged) -> None: ...

    def measured(self, seconds: float) -> None: ...


class Connector:
    """Keeps a connection open until it is cancelled.

    Before the first connection it gives up where no later attempt could succeed by itself. Whoever
    has been online knows that the address is right: whatever answers there now, it can pass.
    """

    def __init__(
        self,
        locate: Locate,
        end: End,
        *,
        timing: Timing,
        random: Callable[[], float],
        sleep: Sleep,
        now_ms: Callable[[], int],
    ) -> None:
        self._locate = locate
        self._end = end
        self._timing = timing
        self._random = random
        self._sleep = sleep
        self._now_ms = now_ms
        self._connections: set[Connection] = set()
        self._backoff = Backoff(timing.reconnect, timing.reconnect_most, random)
        self._attempts = 0
        self._was_online = False
        self._why: str | None = None
        self._way = Way()

    async def run(self) -> None:
        """Connects and reconnects. Returns when that is hopeless, having said why."""
        self._changed(ConnectionStatus.CONNECTING, self._why)
        while True:
            try:
                await self._serve_every()
            except Exception as error:  # noqa: BLE001 (whatever ends the link, the player is told)
                _log.warning("no connection", exc_info=error)
                if not self._was_online:
                    self._changed(ConnectionStatus.FAILED, describe(error, self._way))
                    return
                self._failed(describe(error, self._way))
                self._backoff.slow_down()
            await self._sleep(self._backoff.next())

    async def _serve_every(self) -> None:
        async with contextlib.aclosing(_generator(self._dial())) as sockets:
            async for socket in sockets:
                await self._serve_all(self._wrapped(socket))
                self._failed("The connection was lost.")
                await self._sleep(self._backoff.next())

    async def _serve_all(self, connection: Connection | None) -> None:
        """Serves a connection and those that take its place, until one is lost."""
        tending = self._begin
        try:
            while connection is not None:
                successor = await self._serve(connection, tending(connection))
                await self._close(connection)
                connection, tending = successor, self._tend
        finally:
            self._end.lost()
            for left in tuple(self._connections):
                await self._close(left)

    def _wrapped(self, socket: ClientConnection) -> Connection:
        connection = Connection(socket, self._end)
        self._connections.add(connection)
        return connection

    async def _close(self, connection: Connection) -> None:
        await connection.close()
        self._connections.discard(connection)

    async def _serve(
        self, connection: Connection, tend: Coroutine[Any, Any, Connection | None]
    ) -> Connection | None:
        """Serves a connection until it is lost, or returns the one that has taken its place."""
        since = time.monotonic()
        tending = asyncio.create_task(tend)
        try:
            await asyncio.wait({connection.read, tending}, return_when=asyncio.FIRST_COMPLETED)
            if tending.done():
                return await tending
            return None
        finally:
            await _cancel(tending)
            if time.monotonic() - since >= self._timing.steady:
                self._backoff.reset()

    async def _begin(self, connection: Connection) -> Connection | None:
        try:
            await self._take_up(connection)
        except Unreachable:
            return None
        self._attempts = 0
        self._was_online = True
        self._changed(ConnectionStatus.ONLINE)
        return await self._tend(connection)

    async def _tend(self, connection: Connection) -> Connection | None:
        pulse = asyncio.create_task(self._feel_pulse(connection))
        try:
            return await self._succeed()
        except Unreachable:
            return None
        finally:
            await _cancel(pulse)

    async def _succeed(self) -> Connection:
        """Once the connection is old: another, on which the conversation has been taken up.

        Raises:
            Unreachable: nobody answers on the other, and the first may have lost its seats to it.
        """
        youngest, oldest = self._timing.age
        await self._sleep(youngest + self._random() * (oldest - youngest))
        while True:
            try:
                successor = self._wrapped(await self._dial())
            except Exception as error:  # noqa: BLE001 (the first connection still serves)
                _log.info("no second connection yet: %s", describe(error, self._way))
                await self._sleep(self._backoff.next())
                continue
            # Requests are held meanwhile: for one who does not answer they are not held for long.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._timing.reply):
                    await self._take_up(successor)
                    return successor
            raise Unreachable("The server does not answer.")

    async def _take_up(self, connection: Connection) -> None:
        opening = asyncio.create_task(self._end.opened(connection))
        try:
            await asyncio.wait({connection.read, opening}, return_when=asyncio.FIRST_COMPLETED)
            if not opening.done():
                raise Unreachable("The connection was lost.")
            await opening
        finally:
            await _cancel(opening)

    async def _feel_pulse(self, connection: Connection) -> None:
        patience = self._timing.pulse
        with contextlib.suppress(ConnectionClosed):
            while True:
                self._end.measured(await connection.latency(patience))
                slept = await self._rest()
                patience = self._timing.wake if slept else self._timing.pulse

    async def _rest(self) -> bool:
        """Waits for the next beat of the pulse; true at once when the machine has slept meanwhile.

        Its wall clock went on then, and the connection has probably been given up at the other end.
        """
        steps = math.ceil(self._timing.pulse / self._timing.step)
        step = self._timing.pulse / steps
        for _ in range(steps):
            before = self._now_ms()
            await self._sleep(step)
            if self._now_ms() - before > 1000 * (step + self._timing.wake):
                return True
        return False

    def _dial(self) -> connect:
        return _Dial(
            self._locate,
            self._went,
            process_exception=self._judge,
            reconnect_delays=self._backoff.endless,
            open_timeout=self._timing.dial,
            close_timeout=self._timing.farewell / 2,
            # Latency is measured by pings of our own, which also find a dead connection.
            ping_interval=None,
            # The platform compresses nothing, and nobody can send us a bomb.
            compression=None,
            max_size=_LARGEST_FRAME,
        )

    def _went(self, way: Way) -> None:
        self._way = way

    def _judge(self, error: Exception) -> Exception | None:
        """Whether an attempt that failed is worth another (None)."""
        passes = could_pass(error)
        if not (passes or self._was_online):
            return error
        self._failed(describe(error, self._way))
        if not passes:
            self._backoff.slow_down()
        return None

    def _failed(self, sentence: str) -> None:
        self._attempts += 1
        again = ConnectionStatus.RECONNECTING if self._was_online else ConnectionStatus.CONNECTING
        self._changed(again, sentence)

    def _changed(self, status: ConnectionStatus, sentence: str | None = None) -> None:
        self._why = sentence
        self._end.changed(ConnectionChanged(status, self._attempts, sentence))


class _Dial(connect):
    """The library's connector, which asks where the server is (or starts it) at each attempt."""

    def __init__(self, locate: Locate, went: Callable[[Way], None], **options: Any) -> None:
        super().__init__("ws://localhost", **options)
        self._locate = locate
        self._went = went
        self._asked = ""

    async def connect(self) -> ClientConnection:
        self._went(Way())
        self.uri = self._asked = await self._locate()
        self._went(Way(self.uri))
        self.ws_uri = parse_uri(self.uri)
        return await super().connect()

    async def open_tcp_connection(self) -> ClientConnection:
        self.proxy = _proxy_to(self.ws_uri)
        sent_by = "" if self.uri == self._asked else self._asked
        self._went(Way(self.uri, self.proxy, sent_by))
        _check_proxy(self.proxy)
        return await super().open_tcp_connection()

    def process_redirect(self, exc: Exception) -> Exception | str:
        """As the library's, to the websocket of a web address too: http is ws, https is wss."""
        if not isinstance(exc, InvalidStatus):
            return exc
        places = exc.response.headers.get_all("Location")
        if len(places) != 1:
            return exc
        place = Headers(Location=websocket_url(urljoin(self.uri, places[0])))
        answered = InvalidStatus(Response(exc.response.status_code, "", place))
        verdict = super().process_redirect(answered)
        return exc if verdict is answered else verdict


def _proxy_to(uri: WebSocketURI) -> str | None:
    """The proxy that the environment names; without a scheme it is an HTTP proxy, as for curl."""
    # A proxy for the outside world does not lead to this machine.
    proxy = None if uri.host in _LOOPBACK else get_proxy(uri)
    if proxy is None or not proxy.strip():
        return None
    return proxy if "://" in proxy else f"http://{proxy.strip()}"


def _check_proxy(proxy: str | None) -> None:
    """Raises what a proxy's address has wrong as the proxy's fault, and not as the server's.

    Raises:
        InvalidProxy: there can be no proxy of that address.
    """
    try:
        if proxy is not None:
            parse_proxy(proxy)
    except ValueError as error:  # of the standard library: a port or a host that cannot be
        raise InvalidProxy(proxy or "", str(error)) from error


def _generator(dial: connect) -> AsyncGenerator[ClientConnection, None]:
    # The library promises less than it returns; a generator can be closed, with its connection.
    return cast("AsyncGenerator[ClientConnection, None]", aiter(dial))


async def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
