"""Games won, lost and drawn against people on this machine: one small file, each game once."""

import contextlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from filelock import FileLock
from msgspec import DecodeError, ValidationError, convert, json

from shared.messages import Count
from tui.client.state import Result
from tui.files import replace_file

_REMEMBERED: Final = 50
_TOLD: Final = 10
_LOCK_SECONDS: Final = 0.1
_POLL_SECONDS: Final = 0.01


@dataclass(frozen=True, slots=True)
class Finished:
    """A game that is over: how it ended for the player, against whom, and its replay code."""

    result: Result
    opponent: str = ""
    replay: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """``streak`` is wins in a row until now, ``best`` the most; ``games`` those counted last.

    ``last`` are the last games of which more is known, the newest first.
    """

    won: Count = 0
    lost: Count = 0
    drawn: Count = 0
    streak: Count = 0
    best: Count = 0
    games: tuple[str, ...] = ()
    last: tuple[Finished, ...] = ()

    def with_result(
        self, game_id: str, result: Result, finished: Finished | None = None
    ) -> "Record":
        """The record after a game; the same when it was counted before."""
        if game_id in self.games:
            return self
        streak = self.streak + 1 if result == "won" else 0
        return replace(
            self,
            won=self.won + (result == "won"),
            lost=self.lost + (result == "lost"),
            drawn=self.drawn + (result == "drawn"),
            streak=streak,
            best=max(self.best, streak),
            games=(*self.games, game_id)[-_REMEMBERED:],
            last=((finished, *self.last) if finished else self.last)[:_TOLD],
        )


class RecordFile:
    """Keeps a `Record` in a folder, or in memory only when there is none.

    What cannot be saved now is counted here and saved with the next game. What stands in the file
    and is not understood, of a newer version, stays. A file that is no record is put aside.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / "record.json" if folder else None
        self._record = Record()
        self._unsaved: dict[str, tuple[Result, Finished | None]] = {}

    def read(self) -> Record:
        """What is recorded, as far as it can be read at this moment."""
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._record = self._counted(_record_in(_document(self._path)))
        return self._record

    def add(self, game_id: str, result: Result, finished: Finished | None = None) -> Record:
        self._unsaved[game_id] = result, finished
        try:
            self._save(self._path)
        except OSError:
            # A record that cannot be written is no reason to disturb a game.
            self._record = self._counted(self._record)
        else:
            self._unsaved.clear()
        return self._record

    def _save(self, path: Path | None) -> None:
        if path is None:
            self._record = self._counted(self._record)
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(path.with_suffix(".lock"), mode=0o600, thread_local=False)
        with lock.acquire(timeout=_LOCK_SECONDS, poll_interval=_POLL_SECONDS):
            document = _document(path)
            before = _record_in(document)
            self._record = self._counted(before)
            if self._record != before:
                text = json.encode({**document, **asdict(self._record)}).decode()
                replace_file(path, text)

    def _counted(self, record: Record) -> Record:
        for game_id, (result, finished) in self._unsaved.items():
            record = record.with_result(game_id, result, finished)
        return record


def _document(path: Path) -> dict[str, Any]:
    """All that a file holds.

    Raises:
        OSError: it cannot be read now, which says nothing of what it holds.
    """
    try:
        document = json.decode(path.read_bytes(), type=dict[str, Any])
        convert(document, Record)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (DecodeError, ValidationError, RecursionError):
        path.replace(path.with_suffix(".damaged.json"))
        return {}
    return document


def _record_in(document: dict[str, Any]) -> Record:
    return convert(document, Record)
