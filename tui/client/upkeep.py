"""What the client does unasked: hears frames, takes up its seats again, asks when it is silent."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from shared.codec import decode_event
from shared.errors import ErrorCode, ProtocolError, Refusal
from shared.messages import (
    AnyEvent,
    Error,
    GatewayNotice,
    Joined,
    Leave,
    Left,
    Next,
    Ping,
    Pong,
    RematchOffered,
    Replaced,
    Resume,
    Resumed,
    Snapshot,
    Started,
    Watch,
    Watching,
    token_of,
)
from tui.client.errors import Unreachable
from tui.client.model import Tables
from tui.client.requests import PendingRequests
from tui.client.seats import SavedSeat
from tui.client.state import ConnectionChanged, ConnectionStatus, LatencyMeasured, Table
from tui.client.timing import Timing, Vigil

if TYPE_CHECKING:
    # Loads websockets, which is slow: the lobby is painted first.
    from tui.client.connection import Connection, Sleep

_log: Final = logging.getLogger(__name__)

Entry = Started | Joined | Resumed | Watching
"""What seats the player, or lets him watch."""

_GONE: Final = frozenset({ErrorCode.NO_SUCH_GAME, ErrorCode.BAD_TOKEN})


class Upkeep:
    """The end of a `Link` that knows about games."""

    def __init__(
        self,
        tables: Tables,
        *,
        timing: Timing,
        monotonic: Callable[[], float],
        random: Callable[[], float],
        sleep: "Sleep",
    ) -> None:
        self._tables = tables
        self._timing = timing
        self._monotonic = monotonic
        self._sleep = sleep
        self._vigil = Vigil(timing)
        self._newest: Connection | None = None
        self.connections = 0
        self._errands: set[asyncio.Task[Any]] = set()
        self._following: set[str] = set()
        self.requests = PendingRequests(
            timing=timing,
            monotonic=monotonic,
            random=random,
            sleep=sleep,
            why=lambda: tables.state.failure,
        )

    # --- The end of the link -----------------------------------------------------------------

    async def opened(self, connection: "Connection") -> None:
        """Resumes every seat and every watched game, then lets requests travel."""
        self._newest = connection
        self.connections += 1
        self.requests.hold()
        await self.requests.quiet()
        alive = [table for table in self._tables.state.tables.values() if table.alive]
        await asyncio.gather(*(self._restore(connection, table) for table in alive))
        self.requests.open(connection)

    def received(self, connection: "Connection", frame: str | bytes) -> None:
        try:
            event = decode_event(frame if isinstance(frame, str) else frame.decode())
        except (ProtocolError, UnicodeDecodeError):
            _log.warning("a frame of the server could not be read")
            return
        if isinstance(event, GatewayNotice):
            self.requests.noticed()
        elif isinstance(event, Replaced) and connection is not self._newest:
            # The seat was taken by our own younger connection.
            pass
        elif event is not None:
            self._heard(event)

    def lost(self) -> None:
        self.requests.lose()

    def changed(self, change: ConnectionChanged) -> None:
        self._tables.happened(change)
        if change.status is ConnectionStatus.FAILED:
            self.requests.fail()
        elif change.status is ConnectionStatus.CONNECTING:
            self.requests.hold()

    def measured(self, seconds: float) -> None:
        self._tables.happened(LatencyMeasured(round(1000 * seconds)))

    # --- What it does unasked ----------------------------------------------------------------

    async def keep_vigil(self) -> None:
        """Asks for the truth about tables that are silent, and keeps an idle connection open."""
        while True:
            now = self._monotonic()
            tables = self._tables.state.tables
            alive = {game_id for game_id, table in tables.items() if table.alive}
            self._vigil.keep_only(alive | {""}, now)
            for game_id in self._vigil.due(now):
                self._vigil.asked(game_id, now)
                self.errand(self.check(game_id) if game_id else self._show_life(now))
            await self._sleep(min(self._timing.silence, self._vigil.next_in(now)))

    async def check(self, game_id: str) -> Snapshot:
        """The truth about a game; a seat that has come loose is taken again.

        Raises:
            Refusal: there is no such game.
        """
        known = self._tables.table(game_id)
        reply = await self.requests.ask(Ping(id=game_id))
        if not isinstance(reply, Pong) or not isinstance(reply.game, Snapshot):
            raise self.refused(game_id, reply)
        table = self._tables.table(game_id)
        if known is not None and table is not None and table.alive:
            await self._mend(known, table, reply.game, reply.mark)
        return reply.game

    async def reseat(self, game_id: str) -> bool:
        """After `not_seated`: whether our seat is ours again."""
        await self.check(game_id)
        table = self._tables.table(game_id)
        return table is not None and table.seat is not None and table.alive

    def refused(self, game_id: str, reply: AnyEvent) -> Refusal:
        """The exception for a reply that is not the hoped for; a game that is gone is forgotten."""
        if not isinstance(reply, Error):
            return Refusal(
                ErrorCode.INTERNAL,
                "The server gave an answer that makes no sense here.",
                game_id=game_id or None,
            )
        if reply.code in _GONE:
            self._tables.gone(game_id, reply.message)
        return Refusal(
            reply.code,
            reply.message,
            retry_at=None if reply.retry_at is UNSET else reply.retry_at,
            game_id=game_id or None,
        )

    def leave(
        self,
        game_id: str,
        seat: SavedSeat | None = None,
        arriving: frozenset[asyncio.Task[Any]] = frozenset(),
    ) -> asyncio.Task[Any]:
        """Tells the server that the player is at no such table, until it is heard or `stay`.

        With his ``seat`` a game that waits is given up even after the connection was lost. What he
        did before is ``arriving``: it has a moment to be there first.
        """
        return self.errand(self._leave(game_id, seat, arriving), f"leave {game_id}")

    async def _leave(
        self, game_id: str, seat: SavedSeat | None, arriving: frozenset[asyncio.Task[Any]]
    ) -> None:
        ask = self.requests.ask_until_answered
        if arriving:
            online = self._tables.state.connection is ConnectionStatus.ONLINE
            moment = self._timing.farewell / 2 if online else 0
            _, late = await asyncio.wait(arriving, timeout=moment)
            for task in late:
                task.cancel()
        reply = await ask(Leave(id=game_id))
        if seat is not None and isinstance(reply, Left) and reply.game.status == "waiting":
            # A connection that holds no seat can give nothing up.
            await ask(Resume(id=game_id, token=seat.token))
            await ask(Leave(id=game_id))

    def stay(self, game_id: str) -> None:
        """The player comes back: a leave that is repeated later would unseat him."""
        self.stop(f"leave {game_id}")

    def errand(self, errand: Coroutine[Any, Any, object], name: str = "") -> asyncio.Task[Any]:
        """Does in the background what nobody need wait for; a failure shows in the state."""
        task = asyncio.create_task(errand, name=name)
        self._errands.add(task)
        task.add_done_callback(self._done)
        return task

    def stop(self, name: str) -> None:
        """Ends the errands of this name."""
        for task in self._errands:
            if task.get_name() == name:
                task.cancel()

    async def close(self) -> None:
        for task in self._errands:
            task.cancel()
        await asyncio.gather(*self._errands, return_exceptions=True)

    def _done(self, errand: asyncio.Task[Any]) -> None:
        self._errands.discard(errand)
        error = None if errand.cancelled() else errand.exception()
        if error is not None and not isinstance(error, Refusal | Unreachable):
            _log.error("an errand failed", exc_info=error)

    def _heard(self, event: AnyEvent) -> None:
        ref = event.ref
        awaited = ref is not UNSET and self.requests.awaits(ref)
        if not awaited and ref is not UNSET:
            if isinstance(event, Entry) and self._tables.table(event.id) is None:
                self._turn_down(event)
                return
            # The answer to a repeat that was not needed: a snapshot as good as a push.
            event = replace(event, ref=UNSET)
        self._tables.heard(event)
        game_id = getattr(event, "id", UNSET)
        if game_id is not UNSET and not isinstance(event, Pong):
            self._vigil.heard(game_id, self._monotonic())
        if awaited and ref is not UNSET:
            self.requests.answer(ref, event)
        if isinstance(game := getattr(event, "game", UNSET), Snapshot):
            self._follow_rematch(game)
        if isinstance(event, RematchOffered) and event.next is not UNSET:
            self._led_on(event.id, event.next)
        if isinstance(event, Left) and not awaited and self._tables.table(event.id) is not None:
            # We are back since, and the server may have heard the two in the other order.
            self.errand(self.check(event.id))

    def _led_on(self, game_id: str, led: Next) -> None:
        if led.mark is None:
            # The server seated a connection that we no longer have.
            self.errand(self._resume(led.id))
        elif self._tables.table(game_id) is None and self._tables.table(led.id) is None:
            # The opponent accepted as we left.
            self.leave(led.id)

    def _turn_down(self, event: Entry) -> None:
        """Gives back a place that came too late: the player has gone elsewhere meanwhile."""
        if not self.requests.leads_to(event.id):
            self._tables.turned_down(event)
            self.leave(event.id)

    async def _restore(self, connection: "Connection", table: Table) -> None:
        seat = self._tables.seat_in(table.id)
        request = Watch(id=table.id) if seat is None else Resume(id=table.id, token=seat.token)
        reply = await self.requests.ask_on(connection, request)
        if isinstance(reply, Error):
            self.refused(table.id, reply)

    async def _mend(self, known: Table, table: Table, truth: Snapshot, mark: object) -> None:
        """Takes our place again when the truth shows that the server has lost it."""
        if table.seat is None:
            if truth.rev > known.game.rev:
                # A push was lost: the server may no longer know that we watch.
                await self.requests.ask(Watch(id=table.id))
        elif mark is None and truth.next is None and table.bound_at == known.bound_at:
            # An answer that a resume has overtaken would say nothing.
            await self._sit_down_again(table)

    async def _sit_down_again(self, table: Table) -> None:
        if table.me is not None and table.me.online:
            self._tables.replaced(table.id)
        else:
            await self._resume(table.id)

    async def _resume(self, game_id: str) -> None:
        seat = self._tables.seat_in(game_id)
        if seat is not None:
            reply = await self.requests.ask(Resume(id=game_id, token=seat.token))
            if not isinstance(reply, Resumed):
                raise self.refused(game_id, reply)

    def _follow_rematch(self, game: Snapshot) -> None:
        """Enters a rematch of ours whose announcement was lost."""
        table = self._tables.table(game.id)
        if game.next is None or game.status == "cancelled" or game.id in self._following:
            return
        if table is None or table.replaced or table.onward or not self._tables.seat_in(game.id):
            return
        self._following.add(game.id)
        self.errand(self._enter(game.id, game.next))

    async def _enter(self, game_id: str, next_id: str) -> None:
        try:
            old = self._tables.seat_in(game_id)
            if old is None:
                return
            self._tables.keep(next_id, token_of(old.mark.other, old.key))
            await self._resume(next_id)
            self._tables.moved_on(game_id, next_id)
        finally:
            self._following.discard(game_id)

    async def _show_life(self, now: float) -> None:
        """Keeps the platform from cutting a connection on which nothing else is asked."""
        if (
            not any(table.alive for table in self._tables.state.tables.values())
            and now - self.requests.sent_at > self._timing.silence_most
        ):
            await self.requests.ask(Ping())
