"""The embedded gateway as a process: one for each data folder, ended by a signal or by idleness.

Imports local, core, platformdirs and filelock.
"""

import argparse
import asyncio
import contextlib
import errno
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout
from platformdirs import user_state_path

from backend.core.game import Moment
from backend.core.ports import Busy, Store
from backend.core.service import LIFE_SECONDS
from backend.handlers.clock import SystemClock
from backend.local import chaos
from backend.local.gateway import Gateway, serve
from backend.local.limits import RATE, CappedStore, Limits
from backend.local.sqlite import SqliteStore, UnusableFile
from shared.constants import PORT, PROGRAM

if sys.platform == "win32":

    def _allow_many_connections() -> None:
        pass
else:
    import resource

    def _allow_many_connections() -> None:
        """Each connection is an open file, of which many systems allow 256 or 1024 at first."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


OPEN_FILES: Final = 8192
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
CONNECTIONS_PER_ADDRESS: Final = 50
"""A household or an office plays from one address. Not asked on loopback, where a reverse proxy
would be everybody's address and a local program needs no gateway to use up the machine."""

# One gateway that ends and the next that starts can overlap while clients are being told.
_LOCK_SECONDS: Final = Limits().handshake_seconds + Limits().close_seconds
_IDLE_PAUSE: Final = 0.5
_WAIT: Final = (
    "One that a game has started ends two minutes after its last player has gone; another --data"
    " and --port start a second one."
)


_log: Final = logging.getLogger(__name__)


class CannotServe(Exception):
    """The gateway cannot start; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What the command line says. ``idle_exit`` is seconds, None for never."""

    host: str = "127.0.0.1"
    port: int = PORT
    data: Path
    idle_exit: float | None = None
    rate: float = RATE
    chaos: int | None = None
    origins: tuple[str, ...] = ()

    @property
    def limits(self) -> Limits:
        per_address = 0 if self.host in LOOPBACK else CONNECTIONS_PER_ADDRESS
        return Limits(rate=self.rate, connections_per_address=per_address)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the gateway and returns the exit status: 0 when it was ended, 1 when it cannot serve."""
    options = parse(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    if options.chaos is not None:
        _log.warning("failing on purpose, by seed %s", options.chaos)
    _allow_many_connections()
    try:
        _serve(options)
    except OSError as error:
        return _failed(f"{options.data} cannot be used: {error.strerror or error}.")
    except (CannotServe, UnusableFile) as error:
        return _failed(str(error))
    return 0


def _failed(sentence: str) -> int:
    print(f"noughts-tui: {sentence}", file=sys.stderr)  # noqa: T201 (a command line)
    return 1


def parse(arguments: Sequence[str] | None) -> ServeOptions:
    """Reads the command line; exits with status 2 when it is wrong."""
    parser = argparse.ArgumentParser("python -m backend.local", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=_port, default=PORT, help="0 takes a free one")
    parser.add_argument("--data", type=Path, default=None, help="folder that keeps the games")
    parser.add_argument(
        "--idle-exit",
        type=_amount,
        metavar="SECONDS",
        help="end when nobody has been connected for so long",
    )
    parser.add_argument(
        "--rate",
        type=_amount,
        default=RATE,
        metavar="N",
        help="requests a second on one connection, 0 for no limit",
    )
    parser.add_argument(
        "--chaos", type=int, metavar="SEED", help="fail on purpose, to test clients"
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="browser origin that may connect, * for all; can be repeated",
    )
    found = parser.parse_args(arguments)
    return ServeOptions(
        host=found.host,
        port=found.port,
        data=found.data or _state_folder(),
        idle_exit=found.idle_exit,
        rate=found.rate,
        chaos=found.chaos,
        origins=tuple(found.allow_origin),
    )


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 2**16:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _amount(text: str) -> float:
    amount = float(text)
    if not 0 <= amount < float("inf"):
        raise argparse.ArgumentTypeError("not a number from 0")
    return amount


def _state_folder() -> Path:
    home = os.environ.get("NOUGHTS_TUI_HOME")
    if home:
        return Path(home).expanduser().absolute() / "state"
    return user_state_path(PROGRAM, appauthor=False)


def _serve(options: ServeOptions) -> None:
    options.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    games = options.data / "games.sqlite3"
    with _sole_owner(options.data) as note, closing(SqliteStore(games)) as store:
        now = SystemClock().now()
        try:
            store.unbind_all(Moment(now, now // 1000 + LIFE_SECONDS))
        except Busy:
            raise CannotServe(f"{games} is held by another program.") from None
        asyncio.run(_run(store, options, note))


@contextmanager
def _sole_owner(folder: Path) -> Iterator[Path]:
    """Locks the folder for this process; what is written to the file tells others where it is."""
    note = folder / "gateway.url"
    try:
        with FileLock(folder / "gateway.lock", timeout=_LOCK_SECONDS):
            note.unlink(missing_ok=True)
            yield note
            note.unlink(missing_ok=True)
    except Timeout:
        raise CannotServe(_owned(folder, note)) from None


def _owned(folder: Path, note: Path) -> str:
    try:
        where = f"at {note.read_text(encoding='utf-8')}"
    except OSError:
        where = "of another process"
    return f"{folder} is used by the gateway {where}. {_WAIT}"


async def _run(store: SqliteStore, options: ServeOptions, note: Path) -> None:
    ended = asyncio.Event()
    _end_on_signals(ended)
    async with contextlib.AsyncExitStack() as running:
        try:
            serving = _serving(CappedStore(store), store.id, options)
            gateway = await running.enter_async_context(serving)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = "another program listens there" if taken else error.strerror or error
            where = f"{options.host}:{options.port}"
            raise CannotServe(f"cannot listen on {where}: {reason}.") from None
        _announce(gateway, note)
        await _until(ended, gateway, options.idle_exit)


def _serving(
    store: Store, games: str, options: ServeOptions
) -> AbstractAsyncContextManager[Gateway]:
    settings: dict[str, Any] = {
        "host": options.host,
        "port": options.port,
        "limits": options.limits,
        "origins": options.origins,
        "games": games,
    }
    if options.chaos is None:
        return serve(store, **settings)
    return chaos.serve(store, options.chaos, **settings)


def _announce(gateway: Gateway, note: Path) -> None:
    note.write_text(gateway.url, encoding="utf-8")
    # Whoever started this process may not listen any more.
    with contextlib.suppress(OSError):
        print(f"listening on {gateway.url}", flush=True)  # noqa: T201 (a command line)


async def _until(ended: asyncio.Event, gateway: Gateway, idle_exit: float | None) -> None:
    while not ended.is_set():
        if idle_exit is not None and gateway.deserted_seconds >= idle_exit:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if idle_exit is None else _IDLE_PAUSE):
                await ended.wait()


def _end_on_signals(ended: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if (number := getattr(signal, name, None)) is None:
            continue
        try:
            loop.add_signal_handler(number, ended.set)
        except NotImplementedError:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(ended.set))
