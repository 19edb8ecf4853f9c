"""A load driver: many tables at once, each move sent when the one before it has been seen by both.

Each server is a process of its own. Every frame is read, every move is judged here as well, and a
frame that says anything else than it must ends the run. The driver speaks WebSocket by itself, with
a mask of zeros, so that it takes less of the machine than what it drives.
"""

import asyncio
import base64
import json
import random
import resource
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import msgspec

_LINES = ("012", "345", "678", "036", "147", "258", "048", "246")
_OPENING = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_TEXT = 0x81
_CLOSE = 0x88
_PATIENCE_SECONDS = 60


class WrongFrameError(Exception):
    """The server said what it must not say."""


class Line(asyncio.Protocol):
    """One connection; ``hear`` is called with each text frame."""

    def __init__(self, path: str, port: int) -> None:
        self.hear: Callable[[bytes], None] = lambda _: None
        self.is_open = asyncio.get_running_loop().create_future()
        self._opening = _OPENING.format(
            path=path,
            port=port,
            key=base64.b64encode(random.randbytes(16)).decode(),  # noqa: S311
        )
        self._buffer = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(transport)
        self.transport = transport
        transport.write(self._opening.encode())

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.is_open.done():
            self.is_open.set_exception(ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        if not self.is_open.done():
            head, end, buffer = buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            if b" 101 " not in head.splitlines()[0]:
                self.is_open.set_exception(ConnectionError(head.decode()))
                return
            self.is_open.set_result(None)
        self._buffer = self._frames(buffer)

    def _frames(self, buffer: bytes) -> bytes:
        """Hears the whole frames; what is left of the next."""
        at, length = 0, len(buffer)
        while length - at >= 2:
            if buffer[at] == _CLOSE:
                self.transport.abort()
                return b""
            if buffer[at] != _TEXT:
                raise WrongFrameError(buffer[at : at + 100])
            size, begin = buffer[at + 1], at + 2
            if size == 126:
                if length - at < 4:
                    break
                (size,) = struct.unpack_from("!H", buffer, begin)
                begin += 2
            if length - begin < size:
                break
            at = begin + size
            self.hear(buffer[begin:at])
        return buffer[at:]

    def say(self, payload: bytes) -> None:
        size = len(payload)
        head = (
            struct.pack("!BB", _TEXT, 0x80 | size)
            if size < 126
            else struct.pack("!BBH", _TEXT, 0xFE, size)
        )
        self.transport.write(head + b"\0\0\0\0" + payload)


@dataclass
class Seen:
    """What was counted while ``counting``: moves, and from a move's start until both saw it."""

    counting: bool = False
    moves: int = 0
    seconds: list[float] = field(default_factory=list)


class Table(Protocol):
    """Two lines that play until told to stop; ``stopped`` is then done."""

    stopped: asyncio.Future[None]

    def begin(self) -> None: ...
    def stop(self) -> None: ...


class _Turns:
    """Plays moves: what both hosts' tables share. A subclass sends them and checks the frames."""

    def __init__(self, x: Line, o: Line, chance: random.Random, seen: Seen) -> None:
        self.lines = (x, o)
        x.hear, o.hear = (
            (lambda frame: self._heard(0, frame)),
            (lambda frame: self._heard(1, frame)),
        )
        self.chance, self.seen = chance, seen
        self.moves = ""
        self.stopped = asyncio.get_running_loop().create_future()
        self.games, self.last_game = 0, 0
        self._stopping = False
        self._awaited = [0, 0]
        self._began = 0.0

    def stop(self) -> None:
        self._stopping = True

    def begin(self) -> None:
        self.moves = ""
        self.move()

    def move(self) -> None:
        cell = self.chance.choice([cell for cell in "012345678" if cell not in self.moves])
        before, self.moves = self.moves, self.moves + cell
        self._awaited = [1, 1]
        self._began = time.perf_counter()
        self.send_move(before, cell)

    def send_move(self, before: str, cell: str) -> None:
        raise NotImplementedError

    def check_move(self, line: int, frame: bytes) -> None:
        raise NotImplementedError

    def _heard(self, line: int, frame: bytes) -> None:
        try:
            self.hear(line, frame)
        except Exception as error:  # noqa: BLE001 (whatever it is, the run has failed)
            if not self.stopped.done():
                self.stopped.set_exception(error)

    def hear(self, line: int, frame: bytes) -> None:
        self.check_move(line, frame)
        if not self._awaited[line]:
            raise WrongFrameError(f"one frame too many: {frame!r}")
        self._awaited[line] = 0
        if any(self._awaited):
            return
        if self.seen.counting:
            self.seen.moves += 1
            self.seen.seconds.append(time.perf_counter() - self._began)
        if self._stopping:
            self.stopped.set_result(None)
        elif _over(self.moves):
            self.games += 1
            if self.games == self.last_game:
                self.stopped.set_result(None)
            else:
                self.begin()
        else:
            self.move()


class RelayTable(_Turns):
    """Both see the very frame that was sent."""

    def send_move(self, before: str, cell: str) -> None:
        self._frame = _play("K7QF2M", before, cell)
        self.lines[len(before) % 2].say(self._frame)

    def check_move(self, line: int, frame: bytes) -> None:
        if frame != self._frame:
            raise WrongFrameError((line, frame, self._frame))


class GameTable(_Turns):
    """Each game is started and joined; the mover gets the reply and the other the push."""

    def begin(self) -> None:
        self.moves = self._id = ""
        self._awaited = [1, 1]
        self.lines[0].say(_bytes({"type": "start", "name": "Ada", "ref": "s"}))

    def send_move(self, before: str, cell: str) -> None:
        self.lines[len(before) % 2].say(_play(self._id, before, cell))

    def hear(self, line: int, frame: bytes) -> None:
        if self.moves:
            super().hear(line, frame)
            return
        event = msgspec.json.decode(frame)
        _must(event["game"]["moves"] == "", frame)
        if not self._id:
            _must(
                (line, event["type"], event["mark"], event.get("ref")) == (0, "init", "x", "s"),
                frame,
            )
            self._id = event["id"]
            self.lines[1].say(_bytes({"type": "join", "id": self._id, "name": "Bob", "ref": "j"}))
            return
        _must((event["type"], event["mark"], event["id"]) == ("join", "o", self._id), frame)
        _must(event.get("ref") == (None, "j")[line] and self._awaited[line] == 1, frame)
        self._awaited[line] = 0
        if not any(self._awaited):
            self.seated()

    def seated(self) -> None:
        """Both players sit down."""
        self.move()

    def check_move(self, line: int, frame: bytes) -> None:
        event = msgspec.json.decode(frame)
        game, moves = event["game"], self.moves
        mover, cell = (len(moves) - 1) % 2, int(moves[-1])
        _must((event["type"], event["mark"], event["id"]) == ("play", "xo"[mover], self._id), frame)
        _must(
            event["tile"] == f"{cell // 3},{cell % 3}"
            and event.get("ref") == ("m" if line == mover else None),
            frame,
        )
        won, over = _won(moves), _over(moves)
        expected = {
            "id": self._id,
            "rev": len(moves) + 2,
            "moves": moves,
            "board": _board(moves),
            "turn": None if over else "ox"[mover],
            "winner": "xo"[mover] if won else None,
            "lines": won,
            "status": "won" if won else "drawn" if over else "playing",
        }
        _must(all(game[name] == value for name, value in expected.items()), frame)


class WatchedTable(GameTable):
    """As many more lines watch each game from its beginning."""

    watchers: Sequence[Line] = ()

    def seated(self) -> None:
        waiting = set(range(len(self.watchers)))

        def hear(watcher: int, frame: bytes) -> None:
            if b'"type":"watch"' in frame and watcher in waiting:
                waiting.remove(watcher)
                if not waiting:
                    self.move()

        for number, line in enumerate(self.watchers):
            line.hear = partial(hear, number)
            line.say(_bytes({"type": "watch", "id": self._id}))


def _must(fact: bool, frame: bytes) -> None:  # noqa: FBT001 (as assert)
    if not fact:
        raise WrongFrameError(frame.decode())


def _bytes(request: dict[str, Any]) -> bytes:
    return json.dumps(request).encode()


def _play(game: str, before: str, cell: str) -> bytes:
    tile = f"{int(cell) // 3},{int(cell) % 3}"
    return f'{{"type":"play","id":"{game}","tile":"{tile}","after":"{before}","ref":"m"}}'.encode()


def _board(moves: str) -> str:
    cells = dict(zip(moves, "xoxoxoxox", strict=False))
    return "".join(cells.get(cell, ".") for cell in "012345678")


def _won(moves: str) -> list[list[int]]:
    """The lines that the last move completed."""
    own = set(moves[(len(moves) - 1) % 2 :: 2])
    return [list(map(int, line)) for line in _LINES if own.issuperset(line)]


def _over(moves: str) -> bool:
    return len(moves) == 9 or bool(_won(moves))


@dataclass(frozen=True)
class Server:
    """A server that listens, as its own process."""

    process: subprocess.Popen[str]
    port: int

    @property
    def cpu_seconds(self) -> float:
        """Processor time of all its threads."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    @property
    def resident_bytes(self) -> int:
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize()


@contextmanager
def running(*module_and_arguments: str) -> Iterator[Server]:
    """A server from ``python -m``, which prints where it listens; it is ended by its own id."""
    command = [sys.executable, "-m", *module_and_arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield Server(process, int(line.rpartition(":")[2]))
        finally:
            process.terminate()


@dataclass(frozen=True)
class Load:
    """What one round measured."""

    moves_per_second: float
    cpu_ms_per_move: float
    p50_ms: float


class Crowd:
    """So many tables at one server, connected once and played at in rounds."""

    def __init__(self, server: Server, kind: type[_Turns], tables: int, seed: int = 11) -> None:
        self._server, self._kind, self._tables = server, kind, tables
        self._chance = random.Random(seed)  # noqa: S311 (every run is to play the same games)
        self._pairs: list[tuple[Line, Line]] = []
        self._watchers: list[list[Line]] = []

    async def connect(self) -> None:
        lines = iter(await connected(self._server, 2 * self._tables))
        self._pairs = list(zip(lines, lines, strict=True))

    async def watch(self, watchers: int) -> None:
        """Lets so many watch each table from now on."""
        self._watchers = [await connected(self._server, watchers) for _ in self._pairs]

    async def play(self, games: int) -> None:
        """Plays so many games at each table."""
        tables = self._seated(Seen())
        for table in tables:
            table.last_game = games
            table.begin()
        await asyncio.gather(*(table.stopped for table in tables))

    def _seated(self, seen: Seen) -> list[_Turns]:
        tables = [self._kind(x, o, self._chance, seen) for x, o in self._pairs]
        for table, watchers in zip(tables, self._watchers, strict=False):
            if isinstance(table, WatchedTable):
                table.watchers = watchers
        return tables

    async def round(self, seconds: float) -> Load:
        """Plays at all tables for so long, after a fifth of it to get going."""
        seen = Seen()
        tables = self._seated(seen)
        for table in tables:
            table.begin()
        await self._wait(tables, seconds / 5)
        began, used = time.perf_counter(), self._server.cpu_seconds
        seen.counting = True
        await self._wait(tables, seconds)
        seen.counting = False
        took, used = time.perf_counter() - began, self._server.cpu_seconds - used
        for table in tables:
            table.stop()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await asyncio.gather(*(table.stopped for table in tables))
        middle = sorted(seen.seconds)[len(seen.seconds) // 2]
        return Load(seen.moves / took, 1000 * used / seen.moves, 1000 * middle)

    async def _wait(self, tables: list[_Turns], seconds: float) -> None:
        failed, _ = await asyncio.wait(
            [table.stopped for table in tables],
            timeout=seconds,
            return_when=asyncio.FIRST_EXCEPTION,
        )
        for future in failed:
            future.result()

    async def close(self) -> None:
        for pair in self._pairs:
            for line in pair:
                line.transport.abort()
        await asyncio.sleep(0)


async def connected(server: Server, connections: int) -> list[Line]:
    """So many lines that say nothing by themselves."""
    loop, lines = asyncio.get_running_loop(), []
    for number in range(connections):
        line = partial(Line, f"/{number // 2}", server.port)
        lines.append((await loop.create_connection(line, "127.0.0.1", server.port))[1])
        await lines[-1].is_open
    return lines


def allow_many_connections() -> None:
    """Two thousand connections need as many open files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
