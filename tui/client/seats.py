"""The player's seats on disk: what a new process needs to come back to a game.

One JSON file in the state folder, readable by its owner only, always replaced as a whole. What
stands in it and is not understood, of a newer version or damaged, is left there. A lock file per
seat says that the process at that seat lives. What cannot be saved is kept in memory and tried
again, and the player is told.
"""

import contextlib
import errno
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout
from msgspec import DecodeError, ValidationError, convert, json

from shared.board import Mark
from shared.messages import Code, parse_token
from tui.files import replace_file

EMBEDDED: Final = "embedded"
"""What the gateway of this machine is called, whatever its port is today."""

Place = tuple[str, str, Mark]
"""Server, game and mark: what tells seats apart; both players of a game can be at home here."""

_MOST: Final = 100
"""More than that are of servers that nobody came back to. No clock is asked: it may be wrong."""

_LOCK_SECONDS: Final = 0.25
_POLL_SECONDS: Final = 0.01

_OF_A_MOMENT: Final = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.EIO, errno.EINTR, errno.EAGAIN, errno.ENOMEM, errno.EBUSY}
)
"""Failures that say nothing of the file."""


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


Change = SavedSeat | None
"""What is to stand at a place: a seat, or none any more."""


@dataclass(frozen=True, slots=True)
class _File:
    """What a file holds: its seats as they stand there, and whatever else does."""

    entries: tuple[Any, ...] = ()
    rest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def seats(self) -> tuple[SavedSeat, ...]:
        found = {seat.place: seat for entry in reversed(self.entries) if (seat := _seat_in(entry))}
        return tuple(reversed(found.values()))

    @property
    def text(self) -> str:
        document = {**self.rest, "seats": self.entries[:_MOST]}
        return json.format(json.encode(document), indent=1).decode()

    def changed(self, changes: Mapping[Place, Change]) -> "_File":
        """The file after some changes, of which the last stands first."""
        new, kept = [], []
        before = {}
        for entry in self.entries:
            seat = _seat_in(entry)
            if seat is None or seat.place not in changes:
                kept.append(entry)
            elif seat.place not in before:
                before[seat.place] = entry
        for place, seat in reversed(tuple(changes.items())):
            if seat is not None:
                new.append({**before.get(place, {}), **asdict(seat)})
        return _File((*new, *kept), self.rest)


class Seats:
    """The seats in a folder, or in memory only when there is none (the computer's).

    A seat is held from `keep` or `hold` to `release`, `forget` or the end of the process.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        now_ms: Callable[[], int] = wall_ms,
        puts_aside: bool = True,
    ) -> None:
        self._folder = folder
        self._puts_aside = puts_aside
        self._now_ms = now_ms
        self._unsaved: dict[Place, Change] = {}
        self._patience = _LOCK_SECONDS
        self._locks: dict[Place, FileLock | None] = {}
        self._trouble: dict[str, str] = {}

    @property
    def warning(self) -> str | None:
        """A sentence for the player while something is wrong with the folder or the file."""
        return next(iter(self._trouble.values()), None)

    def keep(self, url: str, game_id: str, token: str) -> SavedSeat:
        """Saves a seat, before anybody is told of it, and holds it."""
        seat = SavedSeat(url=url, id=game_id, token=token, saved_at=self._now_ms())
        self.hold(seat)
        self._put(seat.place, seat)
        return seat

    def forget(self, seat: SavedSeat) -> None:
        """Drops a seat whose game is gone or over."""
        self._put(seat.place, None)
        self.release(seat)
        if self._folder is not None:
            with contextlib.suppress(OSError):
                (self._folder / _lock_name(seat)).unlink()

    def offered(self, url: str) -> tuple[SavedSeat, ...]:
        """The seats at a server that no living process holds, newest first."""
        return tuple(seat for seat in self._known() if seat.url == url and self._is_free(seat))

    def hold(self, seat: SavedSeat, *, patience: float = 0) -> bool:
        """Marks a seat as held by this process; False when another one holds it.

        With ``patience``, in seconds, one who only looks whether the seat is free is waited for.
        """
        self._save(0)
        if self._folder is None or self._locks.get(seat.place) is not None:
            return True
        lock: FileLock | None
        try:
            lock = _lock(self._folder, _lock_name(seat))
            lock.acquire(timeout=patience, poll_interval=_POLL_SECONDS)
        except Timeout:
            return seat.place in self._locks
        except OSError as error:
            self._cannot_use("lock", error)
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
            self._cannot_use("lock", error)
            # Where there can be no locks nobody holds any.
            return error.errno not in _OF_A_MOMENT

    def _put(self, place: Place, change: Change) -> None:
        self._unsaved.pop(place, None)
        if self._folder is not None or change is not None:
            self._unsaved[place] = change
        self._save(self._patience)

    def _save(self, patience: float) -> None:
        """Writes what is not on disk yet; what cannot be written is tried again."""
        if self._folder is None or not self._unsaved:
            return
        try:
            self._write(self._folder, patience)
        except Timeout as error:
            # Whoever holds the lock has been stopped: the next time he is not waited for.
            self._patience = 0
            self._cannot_use("save", f"another program holds {error.lock_file}")
        except OSError as error:
            self._cannot_use("save", error)
        else:
            self._unsaved.clear()
            self._patience = _LOCK_SECONDS
            self._trouble.pop("save", None)

    def _write(self, folder: Path, patience: float) -> None:
        lock = _lock(folder, "seats.lock")
        with lock.acquire(timeout=patience, poll_interval=_POLL_SECONDS):
            before = self._read(folder)
            after = before.changed(self._unsaved)
            if after != before:
                replace_file(folder / "seats.json", after.text)

    def _cannot_use(self, what: str, why: OSError | str) -> None:
        reason = why if isinstance(why, str) else why.strerror or str(why)
        self._trouble[what] = (
            f"Games left here cannot be resumed by another terminal: {self._folder}: {reason}."
        )

    def _known(self) -> tuple[SavedSeat, ...]:
        """Every seat, newest first; of the file only what can be read at this moment."""
        self._save(self._patience)
        unsaved = tuple(seat for seat in reversed(self._unsaved.values()) if seat is not None)
        if self._folder is None:
            return unsaved
        path = self._folder / "seats.json"
        try:
            file = self._read(self._folder)
        except OSError as error:
            reason = error.strerror or error
            self._trouble["read"] = f"The saved seats cannot be read now: {path}: {reason}."
            return unsaved
        self._trouble.pop("read", None)
        if not all(map(_seat_in, file.entries)):
            self._trouble["entry"] = f"A saved seat cannot be read, and is left as it is: {path}."
        saved = file.seats
        return (*unsaved, *(seat for seat in saved if seat.place not in self._unsaved))

    def _read(self, folder: Path) -> _File:
        """What is on disk; a file that is none of ours is put aside.

        Raises:
            OSError: it cannot be read now, which says nothing of what it holds.
        """
        path = folder / "seats.json"
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return _File()
        try:
            document = json.decode(content, type=dict[str, Any])
            return _File(convert(document.pop("seats"), tuple[Any, ...]), document)
        except (DecodeError, ValidationError, KeyError, RecursionError):
            self._put_aside(path)
            return _File()

    def _put_aside(self, path: Path) -> None:
        if not self._puts_aside:
            self._trouble["file"] = f"The saved seats cannot be read: {path} is damaged."
            return
        aside = path.with_name(f"seats.damaged-{self._now_ms()}.json")
        try:
            path.rename(aside)
        except FileNotFoundError:
            return  # another process has just done it
        except OSError as error:
            self._trouble["file"] = f"The saved seats cannot be read: {path}: {error.strerror}."
        else:
            self._trouble["file"] = (
                f"The saved seats could not be read; the file is kept as {aside}."
            )


def _seat_in(entry: Any) -> SavedSeat | None:
    try:
        return convert(entry, SavedSeat)
    except ValidationError:
        return None


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
