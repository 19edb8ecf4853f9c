"""The player's seats on disk: what a new process needs to come back to a game.

One JSON file in the state folder, readable by its owner only, always replaced as a whole. A lock
file per seat says that the process at that seat lives. Where the folder cannot be used, seats are
in memory only, and the player is told. Imports shared, tui.files, msgspec and filelock.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from msgspec import DecodeError, json

from shared.board import Mark
from shared.messages import Code, parse_token
from tui.files import replace_file

EMBEDDED: Final = "embedded"
"""What the gateway of this machine is called, whatever its port is today."""

Place = tuple[str, str, Mark]
"""Server, game and mark: what tells seats apart; both players of a game can be at home here."""

_FORGOTTEN_AFTER_MS: Final = 7 * 24 * 3600 * 1000


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class SavedSeat:
    """The right to a seat. ``saved_at`` is epoch ms.

    ``url`` names the server; an embedded gateway is named after its games, for those of another
    folder or another user may be served on the same port tomorrow.
    """

    url: str
    id: Code
    token: str = field(repr=False)
    saved_at: int

    def __post_init__(self) -> None:
        parse_token(self.token)

    @property
    def place(self) -> Place:
        return self.url, self.id, self.mark

    @property
    def mark(self) -> Mark:
        return parse_token(self.token)[0]

    @property
    def key(self) -> str:
        """The secret of the token, which the rematch's seat has too."""
        return parse_token(self.token)[1]


@dataclass(frozen=True, slots=True)
class _File:
    seats: tuple[SavedSeat, ...]


class Seats:
    """The seats in a folder, or in memory only when there is none (the computer's).

    A seat is held from `keep` or `hold` to `release`, `forget` or the end of the process.
    ``warning`` is a sentence for the player when something is wrong with the folder or the file.
    """

    def __init__(self, folder: Path | None, *, now_ms: Callable[[], int] = wall_ms) -> None:
        self._folder = folder
        self._now_ms = now_ms
        self._memory: tuple[SavedSeat, ...] = ()
        self._locks: dict[Place, FileLock | None] = {}
        self.warning: str | None = None

    def keep(self, url: str, game_id: str, token: str) -> SavedSeat:
        """Saves a seat, before anybody is told of it, and holds it."""
        seat = SavedSeat(url=url, id=game_id, token=token, saved_at=self._now_ms())
        self.hold(seat)
        self._put(seat.place, seat)
        return seat

    def forget(self, seat: SavedSeat) -> None:
        """Drops a seat whose game is gone or over."""
        self._put(seat.place)
        self.release(seat)
        if self._folder is not None:
            with contextlib.suppress(OSError):
                (self._folder / _lock_name(seat)).unlink()

    def offered(self, url: str) -> tuple[SavedSeat, ...]:
        """The seats at a server that no living process holds, newest first."""
        return tuple(seat for seat in self._load() if seat.url == url and self._is_free(seat))

    def hold(self, seat: SavedSeat) -> bool:
        """Marks a seat as held by this process; False when another one holds it."""
        if self._folder is None or seat.place in self._locks:
            return True
        lock: FileLock | None
        try:
            lock = _lock(self._folder, _lock_name(seat))
            lock.acquire(blocking=False)
        except Timeout:
            return False
        except OSError as error:
            self._cannot_save(error)
            lock = None
        self._locks[seat.place] = lock
        return True

    def release(self, seat: SavedSeat) -> None:
        """Lets other processes offer a seat."""
        if (lock := self._locks.pop(seat.place, None)) is not None:
            with contextlib.suppress(OSError):
                lock.release()

    def _is_free(self, seat: SavedSeat) -> bool:
        if self._folder is None:
            return True
        if seat.place in self._locks:
            return False
        try:
            with _lock(self._folder, _lock_name(seat)).acquire(blocking=False):
                return True
        except Timeout:
            return False
        except OSError as error:
            self._cannot_save(error)
            return True

    def _put(self, place: Place, *kept: SavedSeat) -> None:
        """Puts what is kept at a place before all the others, on disk or else in memory."""
        saved = self._folder is not None and self._save(self._folder, place, kept)
        self._memory = _with(self._memory, place, () if saved else kept)

    def _save(self, folder: Path, place: Place, kept: tuple[SavedSeat, ...]) -> bool:
        try:
            with _lock(folder, "seats.lock"):
                before = self._read(folder)
                seats = _with(before, place, kept)
                if seats != before:
                    text = json.format(json.encode(_File(seats)), indent=1).decode()
                    replace_file(folder / "seats.json", text)
        except OSError as error:
            self._cannot_save(error)
            return False
        return True

    def _cannot_save(self, error: OSError) -> None:
        self.warning = (
            f"Games left here cannot be resumed by another terminal: {self._folder}:"
            f" {error.strerror or error}."
        )

    def _load(self) -> tuple[SavedSeat, ...]:
        return self._memory + (() if self._folder is None else self._read(self._folder))

    def _read(self, folder: Path) -> tuple[SavedSeat, ...]:
        path = folder / "seats.json"
        try:
            seats = json.decode(path.read_bytes(), type=_File).seats
        except FileNotFoundError:
            return ()
        except (OSError, DecodeError, RecursionError):
            return self._put_aside(path)
        oldest = self._now_ms() - _FORGOTTEN_AFTER_MS
        return tuple(seat for seat in seats if seat.saved_at > oldest)

    def _put_aside(self, path: Path) -> tuple[SavedSeat, ...]:
        aside = path.with_name(f"seats.damaged-{self._now_ms()}.json")
        try:
            path.rename(aside)
        except OSError as error:
            self.warning = f"The saved seats cannot be read: {path}: {error.strerror}."
        else:
            self.warning = f"The saved seats could not be read; the file is kept as {aside}."
        return ()


def _with(
    seats: tuple[SavedSeat, ...], place: Place, kept: tuple[SavedSeat, ...]
) -> tuple[SavedSeat, ...]:
    return (*kept, *(seat for seat in seats if seat.place != place))


def _lock_name(seat: SavedSeat) -> str:
    # The same code can be in use at two servers; twelve digits of a hash keep them apart.
    server = hashlib.sha256(seat.url.encode()).hexdigest()[:12]
    return f"held/{seat.id}-{seat.mark}-{server}"


def _lock(folder: Path, name: str) -> FileLock:
    """A lock in the folder, which nobody else reads; it ends with its process in any case."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    return FileLock(path, mode=0o600, thread_local=False)
