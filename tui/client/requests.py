"""Requests on their way: each has a ``ref``, is repeated until it is answered, and loses patience.

Repeating is safe because the protocol makes it so.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from enum import Enum, auto
from itertools import count
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from shared.codec import encode
from shared.errors import ErrorCode
from shared.messages import AnyEvent, AnyRequest, Error, Resume, Watch
from tui.client.backoff import Backoff
from tui.client.errors import Unreachable
from tui.client.timing import Timing

if TYPE_CHECKING:
    # Loads websockets, which is slow: the lobby is painted first.
    from tui.client.connection import Connection, Sleep

_TRY_AGAIN: Final = frozenset({ErrorCode.BUSY, ErrorCode.INTERNAL})


class _Silence(Enum):
    """Why an attempt brought no reply."""

    LOST = auto()
    NOTICED = auto()


class _Awaited:
    """What has become of a request so far."""

    def __init__(self, request: AnyRequest) -> None:
        self.request = request
        self.reply: AnyEvent | None = None
        self.silence: _Silence | None = None
        self.woken = asyncio.Event()


class PendingRequests:
    """``why`` says why there is no connection, in a sentence, or None."""

    def __init__(
        self,
        *,
        timing: Timing,
        monotonic: Callable[[], float],
        random: Callable[[], float],
        sleep: "Sleep",
        why: Callable[[], str | None],
    ) -> None:
        self._timing = timing
        self._monotonic = monotonic
        self._random = random
        self._sleep = sleep
        self._why = why
        self._refs = count(1)
        self._awaited: dict[str, _Awaited] = {}
        self._wrapped: Connection | None = None
        self._open = asyncio.Event()
        self._hopeless = False
        self._on_their_way = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self.sent_at = monotonic()

    def open(self, connection: "Connection") -> None:
        """Requests travel on this connection from now on."""
        self._wrapped = connection
        self._open.set()

    def hold(self) -> None:
        """New requests wait for the next `open`."""
        self._hopeless = False
        self._open.clear()

    def lose(self) -> None:
        """The connection is gone: what is unanswered is repeated on the next one."""
        self.hold()
        self._nudge(_Silence.LOST)

    def fail(self) -> None:
        """There will be no connection: whoever waits is told so."""
        self._hopeless = True
        self._open.set()
        self._nudge(_Silence.LOST)

    def noticed(self) -> None:
        """The gateway answered some request with a frame that does not say which."""
        self._nudge(_Silence.NOTICED)

    def awaits(self, ref: str) -> bool:
        return ref in self._awaited

    def leads_to(self, game_id: str) -> bool:
        """Whether a request is unanswered that brings the player back to a game."""
        return any(
            isinstance(request := awaited.request, Resume | Watch) and request.id == game_id
            for awaited in self._awaited.values()
        )

    def answer(self, ref: str, reply: AnyEvent) -> None:
        awaited = self._awaited[ref]
        awaited.reply = reply
        awaited.woken.set()

    async def quiet(self) -> None:
        """Returns when no request is on its way; those that are held wait."""
        await self._quiet.wait()

    async def connected(self) -> None:
        """Returns when requests can travel.

        Raises:
            Unreachable: there is no connection, or none in time.
        """
        try:
            async with asyncio.timeout(self._timing.patience):
                await self._connected()
        except TimeoutError:
            raise self._unreachable() from None

    async def ask(self, request: AnyRequest) -> AnyEvent:
        """The reply to a request, which may be an `Error`.

        Raises:
            Unreachable: none came in time.
        """
        with self._awaiting(request) as (frame, awaited):
            return await self._patiently(frame, awaited, self._timing.patience)

    async def ask_on(self, connection: "Connection", request: AnyRequest) -> AnyEvent:
        """As `ask`, on a connection that is not yet open to others; lost with it."""
        with self._awaiting(request) as (frame, awaited):
            return await self._patiently(frame, awaited, self._timing.patience, connection)

    async def ask_until_answered(self, request: AnyRequest) -> AnyEvent:
        """As `ask`, for as long as it takes: the asker ends it when it is no longer meant.

        Raises:
            Unreachable: there will be no connection.
        """
        with self._awaiting(request) as (frame, awaited):
            return await self._patiently(frame, awaited, None)

    async def ask_now(self, request: AnyRequest) -> AnyEvent:
        """As `ask`, once, for what means nothing later.

        Raises:
            Unreachable: there is no connection, or no answer came on it.
        """
        with self._awaiting(request) as (frame, awaited):
            if not self._open.is_set() or self._hopeless or self._wrapped is None:
                raise Unreachable(self._why() or "There is no connection.")
            if (reply := await self._attempt(frame, awaited, self._wrapped)) is None:
                raise self._unreachable()
            return reply

    @contextlib.contextmanager
    def _awaiting(self, request: AnyRequest) -> Iterator[tuple[str, _Awaited]]:
        ref = f"r{next(self._refs)}"
        awaited = self._awaited[ref] = _Awaited(request)
        try:
            yield encode(replace(request, ref=ref)), awaited
        finally:
            del self._awaited[ref]

    async def _patiently(
        self,
        frame: str,
        awaited: _Awaited,
        patience: float | None,
        connection: "Connection | None" = None,
    ) -> AnyEvent:
        pauses = Backoff(self._timing.pause, self._timing.pause_most, self._random)
        refusal: Error | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while True:
                    reply = await self._attempt(
                        frame, awaited, connection or await self._connected()
                    )
                    if isinstance(reply, Error) and reply.code in _TRY_AGAIN:
                        refusal = reply
                    elif reply is not None:
                        return reply
                    if refusal is not None or awaited.silence is _Silence.NOTICED:
                        await self._sleep(pauses.next())
        if refusal is not None:
            return refusal
        raise self._unreachable()

    async def _connected(self) -> "Connection":
        await self._open.wait()
        if self._hopeless or self._wrapped is None:
            raise Unreachable(self._why() or "The server cannot be reached.")
        return self._wrapped

    def _unreachable(self) -> Unreachable:
        return Unreachable(self._why() or "The server does not answer.")

    async def _attempt(
        self, frame: str, awaited: _Awaited, connection: "Connection"
    ) -> AnyEvent | None:
        """Sends the frame and waits; None when it must be sent again."""
        if awaited.reply is None:
            awaited.silence = None
            awaited.woken.clear()
            with self._on_its_way(), contextlib.suppress(TimeoutError):
                await connection.send(frame)
                async with asyncio.timeout(self._timing.reply):
                    await awaited.woken.wait()
        reply, awaited.reply = awaited.reply, None
        return reply

    @contextlib.contextmanager
    def _on_its_way(self) -> Iterator[None]:
        self.sent_at = self._monotonic()
        self._on_their_way += 1
        self._quiet.clear()
        try:
            yield
        finally:
            self._on_their_way -= 1
            if not self._on_their_way:
                self._quiet.set()

    def _nudge(self, why: _Silence) -> None:
        for awaited in self._awaited.values():
            awaited.silence = why
            awaited.woken.set()
