"""The player's record on disk."""

import errno
import json
import os
from pathlib import Path

import pytest
from filelock import FileLock

from tui.record import Finished, Record, RecordFile


def test_a_record_outlives_its_process(tmp_path: Path) -> None:
    """What one process counted the next one shows."""
    record = RecordFile(tmp_path / "state").add("K7QF2M", "won")
    assert record == Record(won=1, streak=1, best=1, games=("K7QF2M",))
    assert RecordFile(tmp_path / "state").read() == record


@pytest.mark.parametrize(
    "text", ["", "[]", '{"won": -1}', '{"won": true}', '{"games": [1]}', 100_000 * '{"x":', "\x80"]
)
def test_a_damaged_record(tmp_path: Path, text: str) -> None:
    """A file that is no record counts as none, keeps nobody from playing, and is put aside."""
    path = tmp_path / "record.json"
    path.write_text(text, encoding="latin-1")
    assert RecordFile(tmp_path).read() == Record()
    assert RecordFile(tmp_path).add("K7QF2M", "lost") == Record(lost=1, games=("K7QF2M",))
    assert (tmp_path / "record.damaged.json").read_text(encoding="latin-1") == text


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.EACCES])
def test_a_record_that_cannot_be_read_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A failure to read costs no game that was counted before, nor the one that is now."""
    RecordFile(tmp_path).add("K7QF2M", "won")
    file = RecordFile(tmp_path)

    def fail(_path: Path) -> bytes:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as unreadable:
        unreadable.setattr(Path, "read_bytes", fail)
        assert file.add("NEXT22", "won") == Record(won=1, streak=1, best=1, games=("NEXT22",))
    both = Record(won=2, streak=2, best=2, games=("K7QF2M", "NEXT22"))
    assert RecordFile(tmp_path).read().won == 1
    assert file.read() == both
    file.add("NEXT22", "won")
    assert RecordFile(tmp_path).read() == both


def test_a_record_of_a_newer_version(tmp_path: Path) -> None:
    """What a newer version has counted besides is kept."""
    path = tmp_path / "record.json"
    path.write_text('{"won": 3, "fastest": {"ms": 4000}}')
    RecordFile(tmp_path).add("K7QF2M", "drawn")
    document = json.loads(path.read_text())
    assert (document["won"], document["drawn"], document["fastest"]) == (3, 1, {"ms": 4000})


def test_a_record_that_is_held(tmp_path: Path) -> None:
    """A stopped process that holds the record holds up nobody, and costs no game."""
    file = RecordFile(tmp_path)
    with FileLock(tmp_path / "record.lock"):
        assert file.add("K7QF2M", "won").won == 1
        assert not (tmp_path / "record.json").exists()
    assert file.add("NEXT22", "lost") == RecordFile(tmp_path).read()
    assert RecordFile(tmp_path).read().games == ("K7QF2M", "NEXT22")


def test_the_last_games_are_kept(tmp_path: Path) -> None:
    """The newest game stands first, a game stands once, and only the last ten stand at all."""
    for number in range(12):
        game = Finished("won", f"Bob {number}", "R-02F1")
        RecordFile(tmp_path).add(f"GAME{number:02}", "won", game)
        RecordFile(tmp_path).add(f"GAME{number:02}", "won", game)
    last = RecordFile(tmp_path).read().last
    assert [game.opponent for game in last] == [f"Bob {number}" for number in range(11, 1, -1)]
