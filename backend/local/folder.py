"""The folder of a gateway's games: of one process at a time, and for nobody else's eyes."""

import logging
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from platformdirs import user_state_path

from shared.constants import PROGRAM

GAMES: Final = "games.sqlite3"
_LOCK: Final = "gateway.lock"
_NOTE: Final = "gateway.url"
_FILES: Final = (GAMES, f"{GAMES}-wal", f"{GAMES}-shm", _LOCK, _NOTE, "gateway.log")
_OTHERS: Final = 0o077

_PAUSE_SECONDS: Final = 0.05
_GRACE_SECONDS: Final = 1
"""For an owner that has just been told to end, and has not yet removed its note."""
_WAIT: Final = (
    "One that a game has started ends two minutes after its last player has gone; another --data"
    " and --port start a second one."
)

_log: Final = logging.getLogger(__name__)


class InUse(Exception):
    """Another process has the folder; the message says which."""


class NoHome(Exception):
    """This account has no folder of its own; the message says what to do."""


class Note:
    """Tells others where the owner of the folder listens, from when it does until it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, url: str) -> None:
        self._path.write_text(url, encoding="utf-8")

    def read(self) -> str | None:
        with suppress(OSError):
            return self._path.read_text(encoding="utf-8")
        return None

    def remove(self) -> None:
        # What cannot be removed any more, as on a broken disk, is of no use either.
        with suppress(OSError):
            self._path.unlink()


def state_folder() -> Path:
    """Where this account's games are kept.

    Raises:
        NoHome: it has no home, as that of a container or a service.
    """
    home = os.environ.get("NOUGHTS_TUI_HOME")
    try:
        if home:
            return Path(home).expanduser().absolute() / "state"
        Path("~").expanduser()
    except RuntimeError:
        raise NoHome("This account has no home: name a folder for the games with --data.") from None
    return user_state_path(PROGRAM, appauthor=False)


@contextmanager
def owned(folder: Path, patience: float) -> Iterator[Note]:
    """The folder, made where there is none, for this process alone.

    ``patience`` is how many seconds an owner is given that begins or ends; one that serves is none.

    Raises:
        InUse: another process has it.
        OSError: it cannot be used.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform != "win32":
        _close_to_others(folder)
    note, lock = Note(folder / _NOTE), FileLock(folder / _LOCK)
    _acquire(lock, folder, note, patience)
    try:
        note.remove()
        yield note
        note.remove()
    finally:
        lock.release()


def _acquire(lock: FileLock, folder: Path, note: Note, patience: float) -> None:
    since = time.monotonic()
    while True:
        with suppress(Timeout):
            lock.acquire(timeout=0)
            return
        where = note.read()
        if time.monotonic() - since >= (patience if where is None else _GRACE_SECONDS):
            owner = "of another process" if where is None else f"at {where}"
            raise InUse(f"{folder} is used by the gateway {owner}. {_WAIT}")
        time.sleep(_PAUSE_SECONDS)


def _close_to_others(folder: Path) -> None:
    """Takes from other accounts what an earlier version or a copied backup has left open."""
    mode = folder.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        _log.warning("every account of this machine can change %s; chmod 700 closes it", folder)
    for name in _FILES:
        path = folder / name
        with suppress(FileNotFoundError):
            if path.stat().st_mode & _OTHERS:
                path.chmod(0o600)
