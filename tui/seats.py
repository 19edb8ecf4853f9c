"""The player's seats on disk: what a new process needs to come back to a game.

One JSON file in the state folder, readable by its owner only, always replaced as a whole. A lock
file per seat says that the process at that seat lives. Imports shared and filelock.
"""

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from shared import crockford
from shared.board import Mark
from shared.messages import parse_token

EMBEDDED: Final = "embedded"
"""The ``url`` of seats at the embedded gateway, whatever its port is today."""

_FORGOTTEN_AFTER_MS: Final = 7 * 24 * 3600 * 1000


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Seat:
    """The right to a seat. ``url`` names the server, ``saved_at`` is epoch ms."""

    url: str
    id: str
    token: str = field(repr=False)
    saved_at: int

    @property
    def place(self) -> tuple[str, str, Mark]:
        """What tells seats apart: both players of a game can be at home here."""
        return self.url, self.id, self.mark

    @property
    def mark(self) -> Mark:
        return parse_token(self.token)[0]

    @property
    def key(self) -> str:
        """The secret of the token, which the rematch's seat has too."""
        return parse_token(self.token)[1]


class Seats:
    """The seats in a folder, or in memory only when there is none (the computer's).

    A seat is held from `keep` or `hold` to `release`, `forget` or the end of the process.
    ``warning`` is a sentence for the player when the file was damaged and put aside.
    """

    def __init__(self, folder: Path | None, *, now_ms: Callable[[], int] = wall_ms) -> None:
        self._folder = folder
        self._now_ms = now_ms
        self._memory: tuple[Seat, ...] = ()
        self._locks: dict[tuple[str, str, Mark], FileLock] = {}
        self.warning: str | None = None

    def keep(self, url: str, game_id: str, token: str) -> Seat:
        """Saves a seat, before anybody is told of it, and holds it."""
        seat = Seat(url=url, id=game_id, token=token, saved_at=self._now_ms())
        self.hold(seat)
        with self._changing() as seats:
            seats[:] = [seat, *(other for other in seats if other.place != seat.place)]
        return seat

    def forget(self, seat: Seat) -> None:
        """Drops a seat whose game is gone or over."""
        with self._changing() as seats:
            seats[:] = [other for other in seats if other.place != seat.place]
        self.release(seat)
        if self._folder is not None:
            with contextlib.suppress(OSError):
                (self._folder / _lock_name(seat)).unlink()

    def offered(self, url: str) -> tuple[Seat, ...]:
        """The seats at a server that no living process holds, newest first."""
        return tuple(seat for seat in self._load() if seat.url == url and self._is_free(seat))

    def hold(self, seat: Seat) -> bool:
        """Marks a seat as held by this process; False when another one holds it."""
        if self._folder is None or seat.place in self._locks:
            return True
        lock = _lock(self._folder, _lock_name(seat))
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return False
        self._locks[seat.place] = lock
        return True

    def release(self, seat: Seat) -> None:
        """Lets other processes offer a seat."""
        if (lock := self._locks.pop(seat.place, None)) is not None:
            lock.release()

    def _is_free(self, seat: Seat) -> bool:
        if self._folder is None:
            return True
        if seat.place in self._locks:
            return False
        try:
            with _lock(self._folder, _lock_name(seat)).acquire(blocking=False):
                return True
        except Timeout:
            return False

    @contextlib.contextmanager
    def _changing(self) -> Iterator[list[Seat]]:
        if self._folder is None:
            seats = list(self._memory)
            yield seats
            self._memory = tuple(seats)
            return
        with _lock(self._folder, "seats.lock"):
            seats = list(self._load())
            before = tuple(seats)
            yield seats
            if tuple(seats) != before:
                _write(self._folder / "seats.json", seats)

    def _load(self) -> tuple[Seat, ...]:
        if self._folder is None:
            return self._memory
        path = self._folder / "seats.json"
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError):
            return self._put_aside(path)
        try:
            seats = tuple(_seat(fields) for fields in json.loads(text)["seats"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return self._put_aside(path)
        oldest = self._now_ms() - _FORGOTTEN_AFTER_MS
        return tuple(seat for seat in seats if seat.saved_at > oldest)

    def _put_aside(self, path: Path) -> tuple[Seat, ...]:
        aside = path.with_name(f"seats.damaged-{self._now_ms()}.json")
        try:
            path.rename(aside)
        except OSError as error:
            self.warning = f"The saved seats cannot be read: {path}: {error.strerror}."
        else:
            self.warning = f"The saved seats could not be read; the file is kept as {aside}."
        return ()


def _seat(fields: dict[str, Any]) -> Seat:
    url, token, saved_at = fields["url"], fields["token"], fields["saved_at"]
    if not isinstance(url, str) or not isinstance(saved_at, int):
        raise TypeError
    parse_token(token)
    return Seat(url=url, id=crockford.game_code(fields["id"]), token=token, saved_at=saved_at)


def _write(path: Path, seats: list[Seat]) -> None:
    # mkstemp makes a file that only its owner can read.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".seats-")
    with contextlib.ExitStack() as unwritten:
        unwritten.callback(Path(name).unlink, missing_ok=True)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 (a descriptor)
            json.dump({"seats": [asdict(seat) for seat in seats]}, file, indent=1)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
        unwritten.pop_all()


def _lock_name(seat: Seat) -> str:
    # The same code can be in use at two servers; twelve digits of a hash keep them apart.
    server = hashlib.sha256(seat.url.encode()).hexdigest()[:12]
    return f"held/{seat.id}-{seat.mark}-{server}"


def _lock(folder: Path, name: str) -> FileLock:
    """A lock in the folder, which nobody else reads; it ends with its process in any case."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    return FileLock(path, mode=0o600, thread_local=False)
