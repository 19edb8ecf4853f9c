"""The player's record on disk."""

from pathlib import Path

import pytest

from tui.record import Record, RecordFile
from tui.words.lobby import record_text


def test_a_record_outlives_its_process(tmp_path: Path) -> None:
    """What one process counted the next one shows."""
    record = RecordFile(tmp_path / "state").add("K7QF2M", "won")
    assert record == Record(won=1, streak=1, best=1, games=("K7QF2M",))
    assert RecordFile(tmp_path / "state").read() == record


@pytest.mark.parametrize(
    "text", ["", "[]", '{"won": -1}', '{"won": true}', '{"games": [1]}', 100_000 * '{"x":', "\x80"]
)
def test_a_damaged_record(tmp_path: Path, text: str) -> None:
    """A record that cannot be read is none, and keeps nobody from playing."""
    (tmp_path / "record.json").write_text(text, encoding="latin-1")
    assert RecordFile(tmp_path).read() == Record()


def test_records(tmp_path: Path) -> None:
    """Each game counts once; a new process knows them; a damaged file is no disaster."""
    file = RecordFile(tmp_path)
    assert record_text(file.read()) == "No games yet"
    for code, result in (("A", "lost"), ("B", "won"), ("C", "won"), ("C", "won")):
        file.add(code, result)  # type: ignore[arg-type] # results, all three
    again = RecordFile(tmp_path).read()
    assert again == Record(won=2, lost=1, drawn=0, streak=2, best=2, games=("A", "B", "C"))
    assert record_text(again) == "2 won, 1 lost, 0 drawn; 2 in a row"
    (tmp_path / "record.json").write_text('{"won": -1')
    assert RecordFile(tmp_path).read() == Record()
