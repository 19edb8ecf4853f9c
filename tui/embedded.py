"""The seam to the embedded gateway: finds it on this machine or starts it, by name.

Imports nothing of it: it is a program of its own, which outlives the first client and ends by
itself when nobody has been connected for two minutes. For the computer there is a private one.
"""

import asyncio
import contextlib
import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, Final

from filelock import FileLock

from shared.constants import PORT, PROGRAM, PROTOCOL_VERSION
from tui.client.address import Located
from tui.client.errors import Unreachable
from tui.folders import state_folder
from tui.own_command import python_command

_HOST: Final = "127.0.0.1"
_LOG: Final = "gateway.log"
_IDLE_EXIT: Final = 120
_LARGEST_ANSWER: Final = 4096
_LARGEST_LOG: Final = 1_000_000
_POLL_SECONDS: Final = 0.03
_GRACE_SECONDS: Final = 3.0
_PRIVATE_IDLE_EXIT: Final = 30
_PREFIX: Final = "noughts-tui-"
_ABANDONED_SECONDS: Final = 60
_LISTENING: Final = b"listening on "
_UNUSABLE: Final = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}
_UNUSABLE_WORDS: Final = "cannot be used"
_ELSEWHERE: Final = "Set NOUGHTS_TUI_HOME to a folder that can be written."

# A child that is no longer referred to is complained about while it lives.
_started: list[subprocess.Popen[bytes]] = []


def command(*options: str) -> list[str]:
    """How the gateway is run: a program of its own, found by name."""
    return python_command("-m", "backend.local", *options)


def port() -> int:
    """The port of this machine's gateway; ``NOUGHTS_TUI_PORT`` is another.

    Raises:
        Unreachable: the variable holds no port.
    """
    text = os.environ.get("NOUGHTS_TUI_PORT", str(PORT))
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise Unreachable(f"NOUGHTS_TUI_PORT is {text!r}, which is no port.")
    return int(text)


async def ensure(
    needed: str | None = None,
    *,
    data: Path | None = None,
    patience: float = 15,
    answer_within: float = 3,
    gateway: Sequence[str] | None = None,
) -> Located:
    """Where this machine's gateway is, which runs when this returns; its name is that of its games.

    One that is started in vain, because another's games are ``needed``, makes room for theirs.
    ``gateway`` is the command to start it, for tests.

    Raises:
        Unreachable: another program has the port, or the gateway does not start.
        OSError: who has the port does not answer; it may end, or answer later.
    """
    at = port()
    folder = data or state_folder()
    games = await games_at(at, answer_within)
    if games is None:
        options = ("--host", _HOST, "--port", str(at), "--data", str(folder))
        started = _start(gateway or command(*options, "--idle-exit", str(_IDLE_EXIT)), folder)
        games = await _healthy(at, started, folder, patience, answer_within)
        if needed not in {None, _server(games)}:
            started.terminate()
            await asyncio.to_thread(started.wait)
            _started.remove(started)
    return Located(f"ws://{_HOST}:{at}", _server(games))


def _server(games: str) -> str:
    return f"embedded:{games}"


@contextlib.asynccontextmanager
async def private(patience: float = 15, gateway: Sequence[str] | None = None) -> AsyncIterator[str]:
    """The address of a gateway for one program alone, which ends with it and leaves nothing behind.

    It needs neither the port nor the files of the others, and removes its own when it ends, with
    the program or after it. ``gateway`` is for tests.

    Raises:
        Unreachable: it does not start.
    """
    async with contextlib.AsyncExitStack() as ending:
        try:
            _remove_abandoned()
            temporary = TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
            folder = Path(ending.enter_context(temporary))
            process = await _start_private(gateway or private_command(folder), folder)
        except OSError as error:
            raise _cannot_start(error) from error
        ending.push_async_callback(_end, process)
        yield await _listening(process, folder, patience)


def private_command(folder: Path) -> list[str]:
    """A gateway that removes its folder: whoever started it may be killed before."""
    options = ("--port", "0", "--data", str(folder), "--idle-exit", str(_PRIVATE_IDLE_EXIT))
    return python_command("-m", "tui.temporary", str(folder), "backend.local", *options)


def _remove_abandoned() -> None:
    """Removes what others left who were killed together with their gateway."""
    for folder in Path(gettempdir()).glob(f"{_PREFIX}*"):
        lock = folder / "gateway.lock"
        with contextlib.suppress(OSError):
            old = time.time() - lock.stat().st_mtime > _ABANDONED_SECONDS
            if old and _is_ours(folder):
                with FileLock(lock).acquire(blocking=False):
                    shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    owner = getattr(os, "geteuid", None)
    return owner is None or folder.lstat().st_uid == owner()


async def _start_private(gateway: Sequence[str], folder: Path) -> asyncio.subprocess.Process:
    with (folder / _LOG).open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *gateway,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            **_detached(),
        )


async def _listening(process: asyncio.subprocess.Process, folder: Path, patience: float) -> str:
    """Where a gateway says that it listens."""
    line = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            line = await process.stdout.readline() if process.stdout else b""
    if not line.startswith(_LISTENING):
        raise _did_not_start(folder)
    return line.removeprefix(_LISTENING).decode().strip()


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    await process.wait()


async def games_at(at: int, answer_within: float = 3) -> str | None:
    """The id of the games that the gateway on a port of this machine has; None without a gateway.

    Raises:
        Unreachable: something else does.
        OSError: nothing is said there.
    """
    try:
        async with asyncio.timeout(answer_within):
            answer = await _answer(at)
    except ConnectionRefusedError:
        return None
    except TimeoutError:
        raise OSError(f"who has port {at} of this machine does not answer") from None
    health = _health_in(answer)
    if health.get("service") != PROGRAM:
        raise Unreachable(
            f"Another program uses port {at} of this machine: end it, or set NOUGHTS_TUI_PORT to a"
            " free port."
        )
    if health.get("protocol") != PROTOCOL_VERSION:
        raise Unreachable(
            f"Another version of noughts-tui ({health.get('version')}) runs on port {at}: end it,"
            " or set NOUGHTS_TUI_PORT to a free port."
        )
    return str(health.get("games"))


async def _answer(at: int) -> bytes:
    """What is said at a port, where somebody who begins or ends may say nothing at first."""
    while True:
        try:
            if answer := await _ask_health(at):
                return answer
        except ConnectionRefusedError:
            raise
        except OSError:
            pass
        await asyncio.sleep(_POLL_SECONDS)


async def _ask_health(at: int) -> bytes:
    reader, writer = await asyncio.open_connection(_HOST, at)
    try:
        writer.write(f"GET /health HTTP/1.1\r\nHost: {_HOST}:{at}\r\n\r\n".encode())
        answer = b""
        while len(answer) < _LARGEST_ANSWER and (more := await reader.read(_LARGEST_ANSWER)):
            answer += more
        return answer
    finally:
        writer.transport.abort()


def _health_in(answer: bytes) -> dict[str, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    with contextlib.suppress(ValueError):
        health = json.loads(body)
        if isinstance(health, dict) and head.startswith(b"HTTP/1.1 200"):
            return health
    return {}


def _start(gateway: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = folder / _LOG
        long = log.exists() and log.stat().st_size > _LARGEST_LOG
        with log.open("wb" if long else "ab") as output:
            process = subprocess.Popen(  # noqa: S603 (our own command)
                gateway,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **_detached(),
            )
    except OSError as error:
        raise _cannot_start(error) from error
    _started.append(process)
    return process


def _detached() -> dict[str, Any]:
    """The gateway must not hear the terminal's Ctrl+C, nor end with it."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


async def _healthy(
    at: int,
    process: subprocess.Popen[bytes],
    folder: Path,
    patience: float,
    answer_within: float,
) -> str:
    """The games of the gateway that answers: the one started, or another that won the port."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + patience
    ended = False
    while loop.time() < give_up:
        if (games := await games_at(at, answer_within)) is not None:
            return games
        if not ended and process.poll() is not None:
            ended = True
            give_up = min(give_up, loop.time() + _GRACE_SECONDS)
        await asyncio.sleep(_POLL_SECONDS)
    raise _did_not_start(folder)


def _cannot_start(error: OSError) -> Unreachable:
    where = f"{error.filename}: " if error.filename else ""
    of_a_file = bool(error.filename) and error.filename != sys.executable
    way_out = f" {_ELSEWHERE}" if of_a_file or error.errno in _UNUSABLE else ""
    return Unreachable(
        f"The game's gateway cannot be started: {where}{error.strerror or error}.{way_out}"
    )


def _did_not_start(folder: Path) -> Unreachable:
    words = _last_words(folder / _LOG)
    way_out = f" {_ELSEWHERE}" if _UNUSABLE_WORDS in words else ""
    return Unreachable(f"The game's gateway did not start: {words}{way_out}")


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace")[-2000:].split("\n")
    except OSError:
        lines = []
    said = [line.strip() for line in lines if line.strip().isprintable() and line.strip()]
    return said[-1].removeprefix("noughts-tui: ") if said else f"See {log}."
