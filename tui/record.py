"""Games won, lost and drawn against people on this machine: one small file, each game once."""

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from msgspec import DecodeError, json

from shared.messages import Count
from tui.client.state import Result
from tui.files import replace_file

_REMEMBERED: Final = 50


@dataclass(frozen=True, slots=True)
class Record:
    """``streak`` is wins in a row until now, ``best`` the most; ``games`` those counted last."""

    won: Count = 0
    lost: Count = 0
    drawn: Count = 0
    streak: Count = 0
    best: Count = 0
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


class RecordFile:
    """Keeps a `Record` in a folder, or in memory only when there is none."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / "record.json" if folder else None
        self._record = Record()

    def read(self) -> Record:
        """What is recorded; a file that cannot be read counts as none."""
        if self._path is not None:
            with contextlib.suppress(OSError, DecodeError, RecursionError):
                self._record = json.decode(self._path.read_bytes(), type=Record)
        return self._record

    def add(self, game_id: str, result: Result) -> Record:
        before = self.read()
        self._record = before.with_result(game_id, result)
        if self._path is not None and self._record != before:
            # A record that cannot be written is no reason to disturb a game.
            with contextlib.suppress(OSError):
                replace_file(self._path, json.encode(self._record).decode())
        return self._record
