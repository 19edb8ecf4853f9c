"""What the games' file can tell beside the store, which goes on undisturbed."""

import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from backend.local.metrics import label


def games_by_status(file: Path) -> Mapping[str, int]:
    """How many living games there are, by ``status="..."``; none where the file cannot be read."""
    query = "SELECT status, COUNT(*) FROM games WHERE expires > ? GROUP BY status"
    try:
        # Of its own: who writes waits for nobody who reads.
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            counts = database.execute(query, (int(time.time()),)).fetchall()
    except sqlite3.Error:
        return {}
    return {label("status", status): count for status, count in counts}


def bytes_of(file: Path) -> int:
    """What the file takes on the disk, with the part that is still to be put into it."""
    parts = (file, file.with_name(f"{file.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())
