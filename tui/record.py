"""Games won, lost and drawn against people on this machine: one small file, each game once."""

import contextlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from tui.state import TableState

Result = Literal["won", "lost", "drawn"]
_REMEMBERED: Final = 50


@dataclass(frozen=True, slots=True)
class Record:
    """``streak`` is wins in a row until now, ``best`` the most; ``games`` those counted last."""

    won: int = 0
    lost: int = 0
    drawn: int = 0
    streak: int = 0
    best: int = 0
    games: tuple[str, ...] = ()

    def with_result(self, game_id: str, result: Result) -> "Record":
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
        )


def result_of(table: TableState) -> Result | None:
    """How a table ended for its player; None for watchers, running and cancelled games."""
    if table.seat is None or not table.finished or table.game.status == "cancelled":
        return None
    if table.game.winner is None:
        return "drawn"
    return "won" if table.game.winner is table.seat else "lost"


def record_text(record: Record) -> str:
    """``3 won, 1 lost, 2 drawn``, with the streak when there is one."""
    if not record.won + record.lost + record.drawn:
        return "No games yet"
    text = f"{record.won} won, {record.lost} lost, {record.drawn} drawn"
    return f"{text}; {record.streak} in a row" if record.streak > 1 else text


class RecordFile:
    """Keeps a `Record` in a folder, or in memory only when there is none."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / "record.json" if folder else None
        self._record = Record()

    def read(self) -> Record:
        """What is recorded; a file that cannot be read counts as none."""
        if self._path is not None:
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                self._record = _record(json.loads(self._path.read_text(encoding="utf-8")))
        return self._record

    def add(self, game_id: str, result: Result) -> Record:
        before = self.read()
        self._record = before.with_result(game_id, result)
        if self._path is not None and self._record != before:
            # A record that cannot be written is no reason to disturb a game.
            with contextlib.suppress(OSError):
                _write(self._path, self._record)
        return self._record


def _record(fields: dict[str, Any]) -> Record:
    numbers = {name: fields[name] for name in ("won", "lost", "drawn", "streak", "best")}
    if not all(type(number) is int and number >= 0 for number in numbers.values()):
        raise ValueError("not a record")
    return Record(**numbers, games=tuple(map(str, fields["games"])))


def _write(path: Path, record: Record) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".record-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(record), file)
    Path(name).replace(path)
