"""The player's record on disk."""

from pathlib import Path

import pytest

from tui.record import Record, RecordFile


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
