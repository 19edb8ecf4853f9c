"""The embedded gateway as a process: one for each data folder, ended by a signal or by idleness."""

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from backend.core.game import Moment
from backend.core.ports import Busy, Store, Unwritable
from backend.core.service import LIFE_SECONDS
from backend.handlers.clock import SystemClock
from backend.local import chaos, folder, journal
from backend.local.announcing import announce, tell_service_manager, urls_of
from backend.local.certificates import BadCertificate, Certificate
from backend.local.folder import GAMES, InUse, NoHome, Note
from backend.local.gateway import Gateway, serve
from backend.local.http import Desk, remembered, version
from backend.local.inspection import bytes_of, games_by_status
from backend.local.limits import CappedStore, Limits
from backend.local.listening import (
    CannotListen,
    Door,
    Doors,
    listen,
    ports,
)
from backend.local.metrics import Tally
from backend.local.sqlite import SqliteStore, UnusableFile
from shared import serve_options
from shared.constants import PROGRAM
from shared.serve_options import CONNECTIONS, ServeOptions

if sys.platform == "win32":

    def _descriptors() -> int:
        return OPEN_FILES
else:
    import resource

    def _descriptors() -> int:
        """How many files may be open: each connection is one; many systems allow 256 at first."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                return wanted
        return OPEN_FILES if soft == resource.RLIM_INFINITY else soft


OPEN_FILES: Final = 8192
_OWN_FILES: Final = 64
"""Files that are no connection: the games, the log, the library's."""
_MOST_ARRIVALS: Final = 512

COLLECTED_AFTER: Final = 10_000
"""New objects after which the collector looks for cycles; 700 by default."""

# One gateway that ends and the next that starts can overlap while clients are being told.
_LOCK_SECONDS: Final = Limits().handshake_seconds + Limits().close_seconds
_IDLE_PAUSE: Final = 0.5
_LOOK_SECONDS: Final = 10
_TRIED_SECONDS: Final = 1
_SIGNALLED: Final = 128
_ENDS: Final = ("SIGINT", "SIGTERM", "SIGHUP")
_QUESTIONS: Final = ("SIGUSR1", "SIGUSR2")

_log: Final = logging.getLogger(__name__)


class CannotServe(Exception):
    """The gateway cannot start; the message says why."""


@dataclass(slots=True)
class Ending:
    """Whether the gateway is to end, and by which signal."""

    event: asyncio.Event
    by: str = ""

    def begin(self, name: str) -> None:
        self.by = self.by or name
        self.event.set()

    @property
    def status(self) -> int:
        """0 for who was told to end; who has lost the terminal says so, as every program does."""
        return _SIGNALLED + signal.SIGHUP if self.by == "SIGHUP" else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the gateway and returns the exit status: 1 when it cannot serve, 0 when it was ended.

    Raises:
        SystemExit: with status 2, when the command line is wrong.
    """
    options = parse(arguments)
    journal.begin(options.log_format)
    # Requests leave little behind that only the collector can free. As often as by default it takes
    # a seventh of the processor where a thousand are connected, for it looks at all of them.
    gc.set_threshold(COLLECTED_AFTER)
    # What this process makes is nobody else's, whatever the folder allows.
    os.umask(0o077)
    if options.chaos is not None:
        _log.warning("failing on purpose, by seed %s", options.chaos)
    try:
        data = options.data or folder.state_folder()
        try:
            return _serve(options, data)
        except OSError as error:
            raise CannotServe(f"{data} cannot be used: {error.strerror or error}.") from None
    except (BadCertificate, CannotListen, CannotServe, InUse, NoHome, UnusableFile) as error:
        return _failed(str(error), options)


def _failed(sentence: str, options: ServeOptions) -> int:
    if options.log_format == "json":
        _log.critical(sentence)
    else:
        print(f"{PROGRAM}: {sentence}", file=sys.stderr)  # noqa: T201 (a command line)
    return 1


def parse(arguments: Sequence[str] | None) -> ServeOptions:
    """Reads the command line; exits with status 2 when it is wrong."""
    parser = argparse.ArgumentParser(
        "python -m backend.local", description=__doc__, allow_abbrev=False
    )
    serve_options.add_to(parser)
    return serve_options.read(parser.parse_args(arguments), parser)


def limits(options: ServeOptions, descriptors: int) -> Limits:
    """What is allowed with so many open files: those who play, and those who only ask."""
    free = max(2, descriptors - _OWN_FILES)
    arrivals = min(_MOST_ARRIVALS, free // 4)
    room = free - arrivals
    asked = options.total_connections
    return Limits(
        rate=options.rate,
        connections_per_address=CONNECTIONS if options.connections is None else options.connections,
        spares_own=options.connections is None,
        connections=min(asked, room) if asked else room,
        arrivals=arrivals,
        trusted=options.trust_forwarded,
    )


def _serve(options: ServeOptions, data: Path) -> int:
    with (
        folder.owned(data, _LOCK_SECONDS) as note,
        closing(SqliteStore(data / GAMES, most_bytes=options.file_size * 10**6)) as store,
    ):
        now = SystemClock().now()
        try:
            store.unbind_all(Moment(now, now // 1000 + LIFE_SECONDS))
        except Unwritable as error:
            raise CannotServe(f"{data / GAMES} cannot be written: {error.__cause__}.") from None
        except Busy:
            raise CannotServe(f"{data / GAMES} is held by another program.") from None
        return asyncio.run(_run(store, options, note, data))


async def _run(store: SqliteStore, options: ServeOptions, note: Note, data: Path) -> int:
    ending = Ending(asyncio.Event())
    _on_signals(_ENDS, ending.begin)
    certificate = Certificate(options.certificate, options.key) if options.certificate else None
    doors = _doors(options, certificate)
    desk = _desk(store, options, data / GAMES)
    async with _serving(CappedStore(store, options.games), options, doors, desk) as gateway:
        urls = urls_of(options, next(ports(door.socket for door in doors.players), 0))
        note.write(urls[0])
        _log.info("started: %s %s at %s, games in %s", PROGRAM, version(), urls[0], data)
        announce(options, urls)
        tell_service_manager("READY=1")
        _on_signals(_QUESTIONS, lambda _: _tell_how_it_is(gateway, certificate))
        async with _looking_after(store, certificate):
            why = await _until(ending.event, gateway, options.idle_exit)
        # Whoever wants the folder now waits until it is free.
        note.remove()
        tell_service_manager("STOPPING=1")
        _log.info("stopping: %s", f"told by {ending.by}" if ending.by else why)
    if options.unix is not None:
        options.unix.unlink(missing_ok=True)
    _log.info("stopped")
    return ending.status


def _desk(store: SqliteStore, options: ServeOptions, file: Path) -> Desk:
    tally = Tally()
    store.on_commit = tally.committed
    return Desk(
        tally=tally,
        games=store.id,
        is_writable=remembered(store.is_writable, _TRIED_SECONDS),
        counts=partial(games_by_status, file),
        size=partial(bytes_of, file),
        is_public=options.metrics_port is None,
    )


def _doors(options: ServeOptions, certificate: Certificate | None) -> Doors:
    tls = certificate.context if certificate else None
    players = [Door(each, tls) for each in listen(options.hosts, options.port)]
    # Who comes by the file is on this machine already.
    players += [Door(each) for each in listen((), 0, options.unix)]
    if options.metrics_port is None:
        return Doors(players)
    operator = listen([options.metrics_host], options.metrics_port)
    return Doors(players, [Door(each) for each in operator])


def _serving(
    store: Store, options: ServeOptions, doors: Doors, desk: Desk
) -> AbstractAsyncContextManager[Gateway]:
    settings: dict[str, Any] = {
        "doors": doors,
        "limits": limits(options, _descriptors()),
        "origins": options.allow_origin,
        "desk": desk,
        # The next start marks all seats lost at once, so that this end is quick.
        "reports_its_end": False,
    }
    if options.chaos is None:
        return serve(store, **settings)
    return chaos.serve(store, options.chaos, **settings)


async def _until(ended: asyncio.Event, gateway: Gateway, idle_exit: float | None) -> str:
    while not ended.is_set():
        if idle_exit is not None and gateway.deserted_seconds >= idle_exit:
            return f"nobody was connected for {idle_exit:g} seconds"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if idle_exit is None else _IDLE_PAUSE):
                await ended.wait()
    return ""


@contextlib.asynccontextmanager
async def _looking_after(
    store: SqliteStore, certificate: Certificate | None
) -> AsyncIterator[None]:
    """Finds out, without being asked, that the disk works again or the certificate was renewed."""

    async def look_forever() -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if store.is_troubled:
                await asyncio.to_thread(store.is_writable)
            if certificate is not None:
                certificate.refresh()

    looking = asyncio.create_task(look_forever())
    try:
        yield
    finally:
        looking.cancel()


def _tell_how_it_is(gateway: Gateway, certificate: Certificate | None) -> None:
    _log.info("running: connections: %s", gateway.connected)
    if certificate is not None:
        certificate.refresh()


def _on_signals(names: Sequence[str], call: Callable[[str], None]) -> None:
    """Calls with the name of each signal that comes, but for those that are ignored on purpose.

    Who starts a program by ``nohup``, or in the background of a script, has its signals ignored.
    """
    loop = asyncio.get_running_loop()
    for name in names:
        number = getattr(signal, name, None)
        if number is None or signal.getsignal(number) is signal.SIG_IGN:
            continue
        try:
            loop.add_signal_handler(number, call, name)
        except NotImplementedError:
            signal.signal(number, lambda *_, name=name: loop.call_soon_threadsafe(call, name))
